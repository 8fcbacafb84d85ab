package githubtest

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
)

// upload is what arrived at the uploads origin: a file of its own, however large it is. Where the bytes are zero the file
// has holes.
type upload struct {
	file string // "" once it is kept
	size int64
	sum  [sha256.Size]byte
}

// piece is how much of an upload is in memory.
const piece = 64 << 10

// takeUpload reads an upload to its end, or to one byte more than may arrive.
func (s *Server) takeUpload(from io.Reader) (*upload, error) {
	f, err := os.CreateTemp(s.options.Dir, "upload-*")
	if err != nil {
		return &upload{}, err
	}
	defer f.Close()
	up, hash := &upload{file: f.Name()}, sha256.New()
	up.size, err = io.CopyBuffer(io.MultiWriter(hash, &holed{f}), readerOnly{io.LimitReader(from, maxUpload+1)}, make([]byte, piece))
	copy(up.sum[:], hash.Sum(nil))
	if err == nil {
		err = f.Truncate(up.size)
	}
	return up, err
}

// keep makes an upload the file of an asset.
func (u *upload) keep(as string) error {
	if err := os.MkdirAll(filepath.Dir(as), 0o755); err != nil {
		return err
	}
	from := u.file
	u.file = ""
	return os.Rename(from, as)
}

// discard removes what was not kept.
func (u *upload) discard() {
	if u != nil && u.file != "" {
		os.Remove(u.file)
	}
}

// sample is a body for the description, which lets an upload have any bytes.
func (c *call) sample() []byte {
	if c.upload != nil && c.upload.size > 0 {
		return []byte{0}
	}
	return c.body
}

type readerOnly struct{ io.Reader }

// holed writes a file, and skips zeros.
type holed struct{ *os.File }

var zeros [piece]byte

// Write implements [io.Writer].
func (h *holed) Write(p []byte) (int, error) {
	if len(p) > len(zeros) || !bytes.Equal(p, zeros[:len(p)]) {
		return h.File.Write(p)
	}
	_, err := h.Seek(int64(len(p)), io.SeekCurrent)
	return len(p), err
}
