package offline

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
)

// keep writes the evidence of a report and returns the name of its file, or why there is none.
func (o Options) keep(r *verifier.Report) (file, trouble string) {
	content := r.Fork.Format()
	if file = o.Evidence; file == "" {
		file = fmt.Sprintf("marketops-evidence-%s-%.12s.txt", r.Checkpoint.Origin, marketops.DigestOf(content).Hex())
	}
	if err := writeOnce(file, content); err != nil {
		return "", err.Error()
	}
	return file, ""
}

// writeOnce makes a new file. One of the same content was written by an earlier look.
func writeOnce(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		if old, rerr := ReadFile(name, 2*log.MaxCheckpoint); rerr == nil && bytes.Equal(old, content) {
			return nil
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}
