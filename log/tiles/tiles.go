// Package tiles serves the public files of a log, and no other.
//
// A log's folder also holds locks, the tree's state and temporary files that a crash left, and it
// lies beside the records. What may be read is therefore a list of names and not a list of
// exceptions: exactly those that [log.IsPath] allows (C2SP tlog-tiles).
//
//	checkpoint                    text/plain; charset=utf-8    no-cache
//	tile/<level>/<n>[.p/<width>]  application/octet-stream     immutable
//	tile/entries/<n>[.p/<width>]  application/octet-stream     immutable
//
// Everything else is 404 and not to be kept, since a tile that is missing now may be there soon.
// GET and HEAD are answered, folders are not listed, queries mean nothing. There is no secret in
// the answers: a leaf commits to a record under 128 random bits and does not contain it.
package tiles

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
)

// Folder is a log's folder, opened for reading. It implements [log.TileReader] and [http.Handler].
type Folder struct{ root *os.Root }

// Open opens a log's folder. No file is followed out of it.
func Open(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{root}, nil
}

// Close releases the folder.
func (f *Folder) Close() error { return f.root.Close() }

// ReadFile returns a public file of at most [log.MaxBundle] bytes; any other name is
// [fs.ErrNotExist], and so is a link.
func (f *Folder) ReadFile(name string) ([]byte, error) {
	if !log.IsPath(name) {
		return nil, fs.ErrNotExist
	}
	return Read(f.root, name, log.MaxBundle)
}

// Read returns a regular file of at most limit bytes that is not reached through a link.
func Read(root *os.Root, name string, limit int64) ([]byte, error) {
	file, _, err := regular.Open(root, name)
	if errors.Is(err, marketops.FileUnsafe) {
		return nil, errors.Join(fs.ErrNotExist, err)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = errors.New("larger than any such file")
	}
	return b, err
}

// Headers sets what a public file is sent with.
func Headers(h http.Header, name string) {
	kind, keep := "application/octet-stream", "public, max-age=31536000, immutable"
	if name == log.CheckpointPath {
		kind, keep = "text/plain; charset=utf-8", "no-cache"
	}
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", keep)
	h.Set("X-Content-Type-Options", "nosniff")
}

// ServeHTTP answers GET and HEAD. There is no router in front of it that could clean a path into
// another one: a name is allowed as it came, or not at all.
func (f *Folder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed)
		return
	}
	name, rooted := strings.CutPrefix(r.URL.Path, "/")
	b, err := f.ReadFile(name)
	switch {
	case !rooted || errors.Is(err, fs.ErrNotExist):
		refuse(w, http.StatusNotFound)
	case err != nil:
		refuse(w, http.StatusInternalServerError)
	default:
		Headers(w.Header(), name)
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		if r.Method == http.MethodGet {
			w.Write(b)
		}
	}
}

// refuse says the status and nothing about why: paths and causes are the operator's.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
}
