package plan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
)

// maxTree bounds the bytes of one folder of a base.
const maxTree = maxObjects

// objectName is where a run folder keeps an object of git: the bytes of a file, or a tree as git writes it.
func objectName(id string) string { return "objects/" + id }

// Changed is one file of a change set with its bytes, each of which was compared with what the operation document
// names. New is nil where the file is longer than [MaxShown], Old where there was none, or it is too long.
type Changed struct {
	marketops.Change
	Old, New []byte
}

// Changes returns what the change set of operation n, counted from 1, does to its base; nothing where it has none.
// It computes the resulting tree again from the trees of the base, and refuses with [marketops.PlanMismatch] all
// in the folder that is not what the document names, and with [marketops.StateMissing] what is not there.
func (r *Run) Changes(ctx context.Context, n int) ([]Changed, error) {
	pull := r.Operations[n-1].PullRequest
	if pull == nil || pull.Changes == nil {
		return nil, nil
	}
	if err := r.checkTree(pull.Changes); err != nil {
		return nil, err
	}
	var out []Changed
	for _, c := range pull.Changes.Changes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		changed, err := r.changed(c)
		if err != nil {
			return nil, err
		}
		out = append(out, changed)
	}
	return out, nil
}

// checkTree computes the tree of a change set again.
func (r *Run) checkTree(set *marketops.ChangeSet) error {
	changes := make([]gitobject.Change, len(set.Changes))
	for i, c := range set.Changes {
		changes[i] = gitobject.Change{Path: c.Path, Mode: c.Mode, Blob: c.Blob}
	}
	result, placed, err := gitobject.Apply(set.BaseTree, changes, func(id string) (gitobject.Tree, error) {
		data, err := r.Get(objectName(id), maxTree)
		if err != nil {
			return nil, err
		}
		return gitobject.ParseTree(id, data)
	})
	switch {
	case errors.Is(err, marketops.StateMissing):
		return err
	case err != nil:
		return mismatch("the change set cannot be put on its base", err)
	case result != set.Tree:
		return mismatch(fmt.Sprintf("the change set makes the tree %s, and the document names %s", result, set.Tree), nil)
	}
	for i, p := range placed {
		if c := set.Changes[i]; (c.Before == nil) != (p.Before.Mode == "") || c.Before != nil && *c.Before != (marketops.Before{Mode: p.Before.Mode, Blob: p.Before.ID}) {
			return mismatch(fmt.Sprintf("%q is not in the base as the document says", c.Path), nil)
		}
	}
	return nil
}

func (r *Run) changed(c marketops.Change) (out Changed, err error) {
	out.Change = c
	if c.Size <= MaxShown {
		if out.New, err = r.blob(c.Path, c.Blob); err != nil {
			return out, err
		}
		if int64(len(out.New)) != c.Size || marketops.DigestOf(out.New) != c.SHA256 {
			return out, mismatch(fmt.Sprintf("%q: blob and sha256 of the document are not of one file", c.Path), nil)
		}
	}
	if c.Before == nil {
		return out, nil
	}
	if out.Old, err = r.blob(c.Path, c.Before.Blob); errors.Is(err, fs.ErrNotExist) {
		return out, nil // the reader is told that it is not there, and sees all of the new one
	}
	return out, err
}

// blob reads a file that git calls so.
func (r *Run) blob(path, id string) ([]byte, error) {
	data, err := r.Get(objectName(id), MaxShown)
	if err == nil && gitobject.LengthOf(id).Blob(data) != id {
		err = mismatch(fmt.Sprintf("%s is not the file %q that the document names", objectName(id), path), nil)
	}
	return data, err
}
