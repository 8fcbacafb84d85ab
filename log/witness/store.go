package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/log"
)

// store is the state folder. Its files are replaced whole and durably.
type store struct {
	dir  string
	lock *os.File
}

// openStore takes the folder for this process and this key.
func openStore(dir, vkey string) (*store, error) {
	// The folder's own name must be durable too: without the folder everything is forgotten.
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, unwritable(err)
	}
	if err := durable.SyncDir(filepath.Dir(dir)); err != nil {
		return nil, unwritable(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unwritable(err)
	}
	if err := durable.Lock(f); err != nil {
		return nil, errors.Join(marketops.RefuseErr(marketops.ConfigInvalid, "another witness serves the folder "+dir, err), f.Close())
	}
	s := &store{dir, f}
	if err := s.claim(vkey); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// claim writes whose state this is, or compares it: with another key's memory a witness would
// contradict what it signed before.
func (s *store) claim(vkey string) error {
	have, err := s.read("vkey")
	switch {
	case err != nil:
		return unwritable(err)
	case have == nil:
		return s.write("vkey", []byte(vkey+"\n"))
	case string(have) != vkey+"\n":
		return &marketops.Refusal{Code: marketops.ConfigInvalid, What: s.dir + " is the state of another witness: " + string(bytes.TrimSpace(have)),
			Next: "give that witness's key and name, or another folder with --state"}
	}
	return nil
}

func (s *store) close() error { return durable.Unlock(s.lock) }

// file names what belongs to an origin, which may hold any character.
func file(origin, kind string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:]) + kind
}

// load returns the checkpoint that was saved last, nil if none was.
func (s *store) load(origin string) ([]byte, error) { return s.read(file(origin, ".checkpoint")) }

func (s *store) save(origin string, raw []byte) error {
	return s.write(file(origin, ".checkpoint"), raw)
}

// accuse keeps the first proof that a log has signed two roots for one size.
func (s *store) accuse(old, next *log.Checkpoint) error {
	name := file(next.Origin, ".fork")
	if have, err := s.read(name); have != nil || err != nil {
		return err
	}
	return s.write(name, bytes.Join([][]byte{old.Raw, next.Raw}, []byte("\n")))
}

// read returns nil for a file that is not there; everything else that is not its content is an
// error.
func (s *store) read(name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 2*log.MaxCheckpoint+1))
	if err == nil && (len(b) == 0 || len(b) > 2*log.MaxCheckpoint) {
		err = errors.New(name + " is empty or too long")
	}
	return b, err
}

// write is called by one goroutine at a time for each name.
func (s *store) write(name string, content []byte) error {
	if err := durable.Write(filepath.Join(s.dir, name), content); err != nil {
		return unwritable(err)
	}
	return nil
}

func unwritable(err error) error {
	return &marketops.Failure{Code: marketops.DiskFull, What: "the witness's state cannot be kept", Err: err, State: "nothing was signed",
		Next: "fix the folder, and start the witness again"}
}
