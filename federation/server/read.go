package server

import (
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/tiles"
)

// reader reads the public files of the log, and envelopes, and no other: the folders also hold
// locks, the tree's state and temporary files.
type reader struct {
	*tiles.Folder
	records *os.Root
}

func openReader(logDir, records string) (r reader, err error) {
	if r.Folder, err = tiles.Open(logDir); err == nil {
		r.records, err = os.OpenRoot(records)
	}
	if err != nil {
		return r, &marketops.Failure{Code: marketops.LogUnavailable, What: "log folder", Err: err}
	}
	return r, nil
}

func (r reader) close() {
	if r.Folder != nil {
		r.Folder.Close()
	}
	if r.records != nil {
		r.records.Close()
	}
}

// record reads "ab/abcdef….json".
func (r reader) record(name string) ([]byte, error) {
	var h log.Hash
	_, file, _ := strings.Cut(name, "/")
	hex, ok := strings.CutSuffix(file, ".json")
	if !ok || h.UnmarshalText([]byte(hex)) != nil || log.RecordPath(h) != name {
		return nil, fs.ErrNotExist
	}
	return tiles.Read(r.records, name, crypto.MaxEnvelope)
}

// before lists the vkeys of this log in trust.json but the one that signs now.
func (c *Core) before() (out []string) {
	for _, l := range c.active.Load().trust.Log().Logs() {
		if l.Name == c.opts.Config.Origin && l.Vkey != c.vkey() {
			out = append(out, l.Vkey)
		}
	}
	return out
}

func (c *Core) vkey() string { return log.Vkey(c.opts.Config.Origin, c.opts.Checkpoint.Public()) }

// tip returns the published tree, for the Core's own look at its own log: it asks for no
// witness, so that a quorum that trust.json has just begun to demand does not keep it from starting.
func (c *Core) tip() (*log.Tree, error) {
	raw, err := c.tree.Checkpoint()
	if err != nil {
		return nil, err
	}
	own, err := log.ParsePolicy("quorum none\nlog " + strings.Join(append(c.before(), c.vkey()), "\nlog "))
	if err != nil {
		return nil, err
	}
	cp, err := own.Open(raw)
	if err != nil {
		return nil, err
	}
	return log.NewTree(cp, c.files), nil
}

// getFile serves the log itself, as everybody may read it.
func (c *Core) getFile(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(r.URL.Path, "/")
	b, err := c.files.ReadFile(name)
	if err != nil {
		return err
	}
	tiles.Headers(w.Header(), name)
	_, err = w.Write(b)
	return err
}

func (c *Core) getRecord(w http.ResponseWriter, r *http.Request) error {
	b, err := c.files.record(r.PathValue("path"))
	if err != nil {
		return err
	}
	return raw(w, "application/json", b)
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
