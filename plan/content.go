package plan

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
)

// Content is the bytes of one asset or change as they were measured: a private copy, so that
// what is hashed is what is sent, whatever becomes of the file. It is good until [Run.Close].
type Content struct {
	Name     string           // of the asset, or the path of the change
	Path     string           // where it was looked for
	Planned  marketops.Digest // what the document names
	Measured marketops.Digest // zero if there is no such file, or it cannot be read
	Problem  string           // why there is nothing to send; "" if Measured is Planned

	bytes *io.SectionReader
}

// ReadAt implements [io.ReaderAt]. There is nothing to read unless Measured is Planned.
func (c *Content) ReadAt(p []byte, off int64) (int, error) {
	if c.bytes == nil {
		return 0, fmt.Errorf("%q: %s", c.Name, c.Problem)
	}
	return c.bytes.ReadAt(p, off)
}

// Size returns how many bytes there are to send; 0 unless Measured is Planned.
func (c *Content) Size() int64 {
	if c.bytes == nil {
		return 0
	}
	return c.bytes.Size()
}

// spool is one file that holds the private copies of a run, one after the other.
type spool struct {
	file *os.File
	name string // in the run folder, where it could not be removed at once
	end  int64
}

// UseAssets makes dir the folder in which files are looked for, by their recorded path or, if
// that is not there, by their published name, then by that of the planned file. It must be called before [Run.Content].
func (r *Run) UseAssets(dir string) { r.assets = dir }

// Content copies and measures the files of operation n, counted from 1, in the order of its
// document; the list is empty, not nil, where it has none. The first call does the work, later
// ones return the same. A file that is missing or differs is no error: its digest says so, and
// the gate answers. The error says that nothing could be measured.
func (r *Run) Content(ctx context.Context, n int) ([]*Content, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < 1 || n > len(r.Operations) {
		return nil, marketops.Refuse(marketops.StateMissing, fmt.Sprintf("the run has no operation %d", n))
	}
	if list, ok := r.content[n]; ok {
		return list, nil
	}
	list := []*Content{}
	planned := r.Operations[n-1].Files()
	for i, w := range planned {
		c, err := r.open(ofFile(ctx, w.Name, i+1, len(planned)), r.Sources.Operations[n-1].Files[i], w)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	if r.content == nil {
		r.content = map[int][]*Content{}
	}
	r.content[n] = list
	return list, nil
}

func (r *Run) open(ctx context.Context, f File, w marketops.File) (*Content, error) {
	c := &Content{Name: w.Name, Path: f.Path, Planned: w.SHA256}
	file, fi, err := r.find(f)
	if err != nil {
		c.Problem = fmt.Sprintf("%q: %v", f.Path, err)
		return c, nil
	}
	defer file.Close()
	if fi.Size() != w.Size {
		c.Problem = fmt.Sprintf("has %d bytes, planned were %d", fi.Size(), w.Size)
		if fi.Size() <= marketops.MaxAssetSize {
			_, c.Measured, err = hash(ctx, file, io.Discard)
		}
		return c, err
	}
	return c, r.take(ctx, c, file, w)
}

// take copies a file while hashing it and keeps the copy only if it is the planned one.
func (r *Run) take(ctx context.Context, c *Content, file *os.File, w marketops.File) error {
	if err := r.openSpool(); err != nil {
		return noCopy(c.Name, err)
	}
	n, digest, err := hash(ctx, file, io.NewOffsetWriter(r.spool.file, r.spool.end))
	if err != nil {
		return noCopy(c.Name, err)
	}
	if c.Measured = digest; n != w.Size || digest != w.SHA256 {
		c.Problem = "is not the planned file"
		return nil
	}
	c.bytes = io.NewSectionReader(r.spool.file, r.spool.end, n)
	r.spool.end += n
	return nil
}

func noCopy(name string, err error) error {
	return &marketops.Failure{Code: marketops.DiskFull, What: fmt.Sprintf("%q cannot be copied and measured", name), Err: err}
}

// find opens a source below the assets folder or the folder of marketops.yaml.
func (r *Run) find(f File) (*os.File, os.FileInfo, error) {
	dir := r.Sources.Root
	if r.assets != "" {
		dir = r.assets
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	file, fi, err := regular.Open(root, f.Path)
	for _, name := range []string{f.Name, path.Base(f.Path)} {
		if r.assets != "" && errors.Is(err, fs.ErrNotExist) {
			file, fi, err = regular.Open(root, name)
		}
	}
	return file, fi, err
}

// openSpool makes a file in the run folder that nobody else can open where the system allows
// an open file without a name.
func (r *Run) openSpool() error {
	if r.spool.file != nil {
		return nil
	}
	name := ".content-" + rand.Text()
	f, err := r.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if unlinksOpen {
		if err := r.root.Remove(name); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	r.spool.file, r.spool.name = f, name
	return nil
}

func (s *spool) close(root *os.Root) error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if !unlinksOpen {
		err = errors.Join(err, root.Remove(s.name))
	}
	s.file = nil
	return err
}
