package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"github.com/omega/marketops/internal/durable"
)

// StateFile keeps the state of an audit in one file, for [Options.State] and [Options.Save].
type StateFile string

// Load returns what was saved, or nil if there is no such file yet. It refuses a file that others
// may write: they would decide what the audit believes.
func (f StateFile) Load() ([]byte, error) {
	info, err := os.Stat(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > MaxState || runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%s is no regular file that its owner alone may write (mode 0600)", string(f))
	}
	b, err := os.ReadFile(string(f))
	if err == nil && b == nil {
		b = []byte{}
	}
	return b, err
}

// Save replaces the file as a whole, so that a crash leaves the old state or the new one.
func (f StateFile) Save(write func(io.Writer) error) error {
	return durable.WriteFrom(string(f), func(file io.Writer) error {
		w := bufio.NewWriterSize(file, 1<<16)
		return errors.Join(write(w), w.Flush())
	})
}
