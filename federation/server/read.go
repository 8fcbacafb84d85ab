package server

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
)

// reader reads the public files of log and record store, and no other: the folders also hold
// locks, the tree's state and temporary files.
type reader struct{ log, records *os.Root }

func openReader(logDir, records string) (r reader, err error) {
	if r.log, err = os.OpenRoot(logDir); err == nil {
		r.records, err = os.OpenRoot(records)
	}
	if err != nil {
		return r, &marketops.Failure{Code: marketops.LogUnavailable, What: "log folder", Err: err}
	}
	return r, nil
}

func (r reader) close() {
	for _, root := range []*os.Root{r.log, r.records} {
		if root != nil {
			root.Close()
		}
	}
}

// ReadFile implements [log.TileReader].
func (r reader) ReadFile(name string) ([]byte, error) {
	if !log.IsPath(name) {
		return nil, fs.ErrNotExist
	}
	return readBounded(r.log, name, log.MaxBundle)
}

// record reads "ab/abcdef….json".
func (r reader) record(name string) ([]byte, error) {
	var h log.Hash
	_, file, _ := strings.Cut(name, "/")
	hex, ok := strings.CutSuffix(file, ".json")
	if !ok || h.UnmarshalText([]byte(hex)) != nil || log.RecordPath(h) != name {
		return nil, fs.ErrNotExist
	}
	return readBounded(r.records, name, crypto.MaxEnvelope)
}

func readBounded(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if i, err := f.Stat(); err != nil || !i.Mode().IsRegular() {
		return nil, errors.Join(fs.ErrNotExist, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = errors.New("larger than any such file")
	}
	return b, err
}

// tip returns the published tree, for the Core's own look at its own log: it asks for no
// witness, so that a quorum that trust.json has just begun to demand does not keep it from starting.
func (c *Core) tip() (*log.Tree, error) {
	raw, err := c.tree.Checkpoint()
	if err != nil {
		return nil, err
	}
	own, err := log.ParsePolicy("log " + log.Vkey(c.opts.Config.Origin, c.opts.Checkpoint.Public()) + "\nquorum none\n")
	if err != nil {
		return nil, err
	}
	cp, err := own.Open(raw)
	if err != nil {
		return nil, err
	}
	return log.NewTree(cp, c.files), nil
}

func (c *Core) getFile(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(r.URL.Path, "/")
	var b []byte
	var err error
	if rec, ok := strings.CutPrefix(name, "records/"); ok {
		b, err = c.files.record(rec)
	} else {
		b, err = c.files.ReadFile(name)
	}
	if err != nil {
		return err
	}
	kind := "application/octet-stream"
	if name == log.CheckpointPath {
		kind = "text/plain; charset=utf-8"
	} else if strings.HasSuffix(name, ".json") {
		kind = "application/json"
	}
	return raw(w, kind, b)
}

func (c *Core) getEvidence(w http.ResponseWriter, r *http.Request) error {
	d, err := marketops.ParseDigest("sha256:" + r.PathValue("digest"))
	if err != nil {
		return fs.ErrNotExist
	}
	b, err := c.texts.read(d, api.MaxEvidence)
	if err != nil {
		return err
	}
	return raw(w, "application/octet-stream", b)
}

func raw(w http.ResponseWriter, kind string, b []byte) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err := w.Write(b)
	return err
}
