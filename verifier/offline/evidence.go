package offline

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
)

// Keep writes what shows that the log of a report contradicts itself, if there is such a thing, and
// notes in the report where, or why not. Without a file it takes a name in the current folder.
func Keep(r *verifier.Report, file string) {
	if r.Fork == nil {
		return
	}
	content := r.Fork.Format()
	if file == "" {
		file = fmt.Sprintf("marketops-evidence-%s-%.12s.txt", r.Checkpoint.Origin, marketops.DigestOf(content).Hex())
	}
	if err := writeOnce(file, content); err != nil {
		r.NotKept = err.Error()
		return
	}
	r.Kept = file
}

// writeOnce makes a new file. One of the same content was written by an earlier look.
func writeOnce(name string, content []byte) error {
	err := regular.CreatePath(name, content, 0o644)
	if errors.Is(err, fs.ErrExist) {
		if old, rerr := ReadFile(name, 2*log.MaxCheckpoint); rerr == nil && bytes.Equal(old, content) {
			return nil
		}
	}
	return err
}
