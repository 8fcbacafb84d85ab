package tessera

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/log"
)

// records is the record store: one file for each envelope, below two hex digits of its name.
type records struct{ dir string }

// Put stores an envelope under its leaf hash, durably, before the leaf is appended. It does so
// once: the same bytes again are no change, other bytes under one hash are
// [marketops.LeafMismatch], and an existing file is never written. Other errors carry
// [marketops.LogUnavailable] or [marketops.DiskFull]. That the envelope has that leaf is the
// caller's to know.
func (w *Writer) Put(envelope []byte, leafHash log.Hash) error {
	if len(envelope) == 0 || len(envelope) > crypto.MaxEnvelope {
		return marketops.Refuse(marketops.LeafMismatch, fmt.Sprintf("an envelope of %d bytes, between 1 and %d", len(envelope), crypto.MaxEnvelope))
	}
	if err := w.records.put(envelope, leafHash); err != nil {
		return classify("store record "+leafHash.String(), err)
	}
	return nil
}

func (r *records) put(envelope []byte, leafHash log.Hash) error {
	name := filepath.Join(r.dir, filepath.FromSlash(log.RecordPath(leafHash)))
	dir := filepath.Dir(name)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	} else if err == nil {
		if err := durable.SyncDir(r.dir); err != nil {
			return err
		}
	}
	old, err := log.ReadRecord(os.DirFS(r.dir).(fs.ReadFileFS), leafHash)
	if errors.Is(err, fs.ErrNotExist) {
		err = create(name, envelope)
		if errors.Is(err, fs.ErrExist) { // another goroutine was faster
			old, err = log.ReadRecord(os.DirFS(r.dir).(fs.ReadFileFS), leafHash)
		} else {
			old = envelope
		}
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(old, envelope) {
		return marketops.Refuse(marketops.LeafMismatch, "another envelope is stored for leaf "+leafHash.String())
	}
	return durable.SyncDir(dir)
}

// create makes a file that did not exist, whole or not at all: link(2) never replaces.
func create(name string, content []byte) error {
	tmp, err := writeTemp(filepath.Dir(name), content)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	return os.Link(tmp, name)
}

// writeTemp writes and syncs a new file beside the one it will become.
func writeTemp(dir string, content []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
