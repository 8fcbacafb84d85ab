package audit

import (
	"bufio"
	"errors"
	"io"
	"io/fs"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
)

// StateFile keeps the state of an audit in one file, for [Options.State] and [Options.Save].
type StateFile string

// Load returns what was saved, or nil if there is no such file yet. It refuses a file that another user
// owns or can write, file-unsafe: that user would decide what the audit believes.
func (f StateFile) Load() ([]byte, error) {
	b, err := regular.ReadOwned(string(f), MaxState)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if errors.Is(err, marketops.FileUnsafe) {
		return nil, marketops.RefuseErr(marketops.FileUnsafe, string(f), err)
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
