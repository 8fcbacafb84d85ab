package github

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// makeCommit prepares the commit: blobs, a tree on top of the base's, the commit itself. None of it shows before
// a ref points to it, and every id is computed here first, so that an unclear attempt is simply repeated. All files
// and the tree are checked before the first is sent.
func (w *branchWriter) makeCommit(ctx context.Context) (commit string, err error) {
	changes := w.op.PullRequest.Changes.Changes
	for i := range changes {
		if _, err := w.readChange(i); err != nil {
			return "", err
		}
	}
	if err := w.checkTree(ctx); err != nil {
		return "", err
	}
	for i := range changes {
		if err := w.makeBlob(ctx, i); err != nil {
			return "", err
		}
	}
	if err := w.makeTree(ctx); err != nil {
		return "", err
	}
	return w.commitTree(ctx)
}

func (w *branchWriter) makeBlob(ctx context.Context, i int) error {
	data, err := w.readChange(i)
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(data)
	c := &wire.Call{
		Step: fmt.Sprintf("make blob %d", i+1), Method: wire.Post, Path: w.path("git/blobs"), Size: int64(len(text)),
		Body: map[string]string{"content": text, "encoding": "base64"},
	}
	var got object
	return w.WriteRepeatedly(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return got.SHA == w.op.PullRequest.Changes.Changes[i].Blob
	}))
}

// makeTree makes the tree, which must be the planned one.
func (w *branchWriter) makeTree(ctx context.Context) error {
	set := w.op.PullRequest.Changes
	planned, entries := map[string]entry{}, []entry{}
	for _, c := range set.Changes {
		e := entry{Path: c.Path, Mode: c.Mode, Type: "blob", SHA: c.Blob}
		planned[c.Path], entries = e, append(entries, e)
	}
	var got folder
	c := &wire.Call{Step: "make the tree", Method: wire.Post, Path: w.path("git/trees"),
		Body: map[string]any{"base_tree": set.BaseTree, "tree": entries}}
	return w.WriteRepeatedly(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return got.SHA == set.Tree && !slices.ContainsFunc(got.Tree, func(e entry) bool {
			want, ok := planned[e.Path]
			return ok && e != want
		})
	}))
}

// commitTree makes the commit and reads it, because that is what others will be shown.
func (w *branchWriter) commitTree(ctx context.Context) (string, error) {
	want := w.op.PullRequest
	who := map[string]string{"name": want.Changes.Author.Name, "email": want.Changes.Author.Email, "date": want.Changes.Author.Date.String()}
	c := &wire.Call{Step: "make the commit", Method: wire.Post, Path: w.path("git/commits"), Body: map[string]any{
		"message": want.Changes.Message, "tree": want.Changes.Tree, "parents": []string{want.Base.SHA}, "author": who, "committer": who,
	}}
	var got fullCommit
	err := w.WriteRepeatedly(ctx, c, wire.Expect(wire.Created, &got, func() bool { return w.branches.findDifference(&got) == "" }))
	if err != nil {
		return "", err
	}
	var again fullCommit
	if _, err := w.GetKnown(ctx, "read the commit", w.path("git/commits/%s", got.SHA), &again); err != nil {
		return "", err
	}
	if difference := w.branches.findDifference(&again); difference != "" || again.SHA != got.SHA {
		return "", wire.Stopf(marketops.GitHubConflict, "GitHub made a commit with another %s than the planned one", difference)
	}
	return got.SHA, nil
}

// maxBlob bounds one file of a change set: it travels in one JSON text that is held in memory.
const maxBlob = 25 << 20

// readChange reads one file of a change set whole, and only if it is the authorised one, also by the id that git
// gives it.
func (w *branchWriter) readChange(i int) ([]byte, error) {
	c := w.op.PullRequest.Changes.Changes[i]
	data, err := readContent(w.work.Content[i], c)
	if err == nil && gitobject.LengthOf(c.Blob).Blob(data) != c.Blob {
		err = &marketops.Failure{Code: marketops.ContentMismatch, What: "the document names another blob for " + c.Path + " than its bytes make", State: wire.StateStopped}
	}
	return data, err
}

func readContent(content publisher.Content, c marketops.Change) ([]byte, error) {
	data := make([]byte, c.Size)
	n, err := content.ReadAt(data, 0)
	if err != nil && err != io.EOF || int64(n) != c.Size {
		return nil, &marketops.Failure{Code: marketops.ContentMismatch, What: c.Path + " cannot be read to its end", State: wire.StateStopped, Err: err}
	}
	if content.Size() != c.Size || marketops.DigestOf(data) != c.SHA256 {
		return nil, &marketops.Failure{Code: marketops.ContentMismatch, What: c.Path + " has changed since it was checked", State: wire.StateStopped}
	}
	return data, nil
}
