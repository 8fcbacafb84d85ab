package github

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// computeBlobs computes the ids that the files will have, and refuses files that have changed.
func (w *branchWriter) computeBlobs() error {
	if w.blobs != nil {
		return nil
	}
	var blobs []string
	for i, c := range w.op.PullRequest.Changes.Changes {
		data, err := readChange(w.work.Content[i], c)
		if err != nil {
			return err
		}
		blobs = append(blobs, blobID(w.op.PullRequest.Base.SHA, data))
	}
	w.blobs = blobs
	return nil
}

// makeCommit prepares the commit: blobs, a tree on top of the base's, the commit itself. Nobody
// sees any of it before a ref points to it, and every id follows from the content, so that an
// unclear attempt is simply repeated. All files are checked before the first is sent.
func (w *branchWriter) makeCommit(ctx context.Context) (tree, commit string, err error) {
	if err := w.computeBlobs(); err != nil {
		return "", "", err
	}
	base, err := w.baseTree(ctx)
	if err != nil {
		return "", "", err
	}
	for i := range w.blobs {
		if err := w.makeBlob(ctx, i); err != nil {
			return "", "", err
		}
	}
	if tree, err = w.makeTree(ctx, base); err != nil {
		return "", "", err
	}
	commit, err = w.commitTree(ctx, tree)
	return tree, commit, err
}

// baseTree is the tree of the planned base.
func (w *branchWriter) baseTree(ctx context.Context) (string, error) {
	base := w.op.PullRequest.Base.SHA
	var got gitCommit
	if _, err := w.Get(ctx, "read the base commit", w.path("git/commits/%s", base), &got); err != nil {
		return "", err
	}
	if got.SHA != base || !marketops.FullSHA(got.Tree.SHA) {
		return "", &marketops.Failure{Code: marketops.GitHubConflict, What: "GitHub shows another commit than the planned base", State: wire.StateStopped}
	}
	return got.Tree.SHA, nil
}

func (w *branchWriter) makeBlob(ctx context.Context, i int) error {
	data, err := readChange(w.work.Content[i], w.op.PullRequest.Changes.Changes[i])
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(data)
	c := &wire.Call{
		Step: fmt.Sprintf("make blob %d", i+1), Method: wire.Post, Path: w.path("git/blobs"), Size: int64(len(text)),
		Body: map[string]string{"content": text, "encoding": "base64"},
	}
	return w.WriteRepeatedly(ctx, c, func(x *wire.Exchange) error {
		var got object
		if err := x.Decode(wire.Created, &got); err != nil {
			return err
		}
		if got.SHA != w.blobs[i] {
			return wire.ErrDiffers
		}
		return nil
	})
}

// entry is one file in a tree.
type entry struct {
	Path string `json:"path"`
	Mode string `json:"mode"`
	Type string `json:"type"`
	SHA  string `json:"sha"`
}

func (w *branchWriter) makeTree(ctx context.Context, base string) (string, error) {
	planned := map[string]entry{}
	entries := []entry{}
	for i, c := range w.op.PullRequest.Changes.Changes {
		e := entry{Path: c.Path, Mode: c.Mode, Type: "blob", SHA: w.blobs[i]}
		planned[c.Path], entries = e, append(entries, e)
	}
	var got struct {
		SHA  string  `json:"sha"`
		Tree []entry `json:"tree"`
	}
	c := &wire.Call{Step: "make the tree", Method: wire.Post, Path: w.path("git/trees"),
		Body: map[string]any{"base_tree": base, "tree": entries}}
	err := w.WriteRepeatedly(ctx, c, func(x *wire.Exchange) error {
		got.SHA, got.Tree = "", nil
		if err := x.Decode(wire.Created, &got); err != nil {
			return err
		}
		for _, e := range got.Tree {
			if want, ok := planned[e.Path]; ok && e != want {
				return wire.ErrDiffers
			}
		}
		if !marketops.FullSHA(got.SHA) {
			return wire.ErrDiffers
		}
		return nil
	})
	return got.SHA, err
}

// commitTree makes the commit and reads it, because its id is what others will be shown.
func (w *branchWriter) commitTree(ctx context.Context, tree string) (string, error) {
	want := w.op.PullRequest
	who := map[string]string{"name": want.Changes.Author.Name, "email": want.Changes.Author.Email, "date": want.Changes.Author.Date.String()}
	c := &wire.Call{Step: "make the commit", Method: wire.Post, Path: w.path("git/commits"), Body: map[string]any{
		"message": want.Changes.Message, "tree": tree, "parents": []string{want.Base.SHA}, "author": who, "committer": who,
	}}
	var got fullCommit
	err := w.WriteRepeatedly(ctx, c, func(x *wire.Exchange) error {
		got = fullCommit{}
		if err := x.Decode(wire.Created, &got); err != nil {
			return err
		}
		if !marketops.FullSHA(got.SHA) || got.Tree.SHA != tree || !w.branches.isOurs(&got) {
			return wire.ErrDiffers
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	var again fullCommit
	if _, err := w.GetKnown(ctx, "read the commit", w.path("git/commits/%s", got.SHA), &again); err != nil {
		return "", err
	}
	if again.SHA != got.SHA || again.Tree.SHA != tree || !w.branches.isOurs(&again) {
		return "", &marketops.Failure{Code: marketops.GitHubConflict, What: "GitHub made another commit than the planned one", State: wire.StateStopped}
	}
	return got.SHA, w.record(keyCommit, got.SHA)
}
