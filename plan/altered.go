package plan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/omega/marketops"
)

// Altered is a file that is not as it was planned any more.
type Altered struct {
	Operation int              `json:"operation"` // from 1
	Name      string           `json:"name"`      // of the asset, or the path of the change
	Path      string           `json:"path"`      // below the folder of marketops.yaml
	Planned   marketops.Digest `json:"planned"`
	Problem   string           `json:"problem"`
}

// Altered compares the files on this machine with the plan, and copies none. compared is false where the folder of
// marketops.yaml is not on this machine, as for an approver elsewhere: then nothing is known.
func (r *Run) Altered(ctx context.Context) (list []Altered, compared bool, err error) {
	if root, err := os.OpenRoot(r.Sources.Root); err == nil {
		root.Close()
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	list = []Altered{}
	for i, op := range r.Operations {
		for k, want := range op.Files() {
			f := r.Sources.Operations[i].Files[k]
			problem, err := r.differs(ctx, f, want)
			if err != nil {
				return nil, false, err
			}
			if problem != "" {
				list = append(list, Altered{i + 1, f.Name, f.Path, want.SHA256, problem})
			}
		}
	}
	return list, true, nil
}

// differs says how a file differs from the planned one; "" if it is that. The error is that of ctx.
func (r *Run) differs(ctx context.Context, f File, want marketops.File) (string, error) {
	file, fi, err := r.find(f)
	if errors.Is(err, fs.ErrNotExist) {
		return "is not there any more", nil
	} else if err != nil {
		return fmt.Sprintf("cannot be read: %v", err), nil
	}
	defer file.Close()
	if fi.Size() != want.Size {
		return fmt.Sprintf("has %d bytes, planned were %d", fi.Size(), want.Size), nil
	}
	_, digest, err := hash(ctx, file, io.Discard)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return fmt.Sprintf("cannot be read: %v", err), nil
	case digest != want.SHA256:
		return fmt.Sprintf("is %s, planned was %s", digest, want.SHA256), nil
	}
	return "", nil
}
