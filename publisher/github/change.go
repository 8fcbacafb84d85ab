package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

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

// checkTree computes the tree that the changes make of the base, from the base's own trees, and refuses any other than
// the document's.
func (r *reader) checkTree(ctx context.Context) error {
	p := r.op.PullRequest
	var base gitCommit
	if _, err := r.Get(ctx, "read the base commit", r.path("git/commits/%s", p.Base.SHA), &base); err != nil {
		return err
	}
	if base.SHA != p.Base.SHA || base.Tree.SHA != p.Changes.BaseTree {
		return wire.Stopf(marketops.GitHubConflict, "GitHub shows another base commit, or another tree of it, than the planned one")
	}
	changes := make([]gitobject.Change, len(p.Changes.Changes))
	for i, c := range p.Changes.Changes {
		changes[i] = gitobject.Change{Path: c.Path, Mode: c.Mode, Blob: c.Blob}
	}
	result, placed, err := gitobject.Apply(p.Changes.BaseTree, changes, func(id string) (gitobject.Tree, error) { return r.readTree(ctx, id) })
	return r.judgeTree(result, placed, err)
}

// judgeTree compares a computed tree with the document.
func (r *reader) judgeTree(result string, placed []gitobject.Placed, err error) error {
	set := r.op.PullRequest.Changes
	var f *marketops.Failure
	switch {
	case errors.As(err, &f):
		return err
	case err != nil:
		return wire.Stopf(marketops.GitHubConflict, "the change set cannot be put on its base: %s", r.RedactLine(err.Error()))
	case result != set.Tree:
		return wire.Stopf(marketops.GitHubConflict, "the change set makes the tree %s of its base, and the document names %s", result, set.Tree)
	}
	for i, p := range placed {
		c := set.Changes[i]
		if b := c.Before; (b == nil) != (p.Before.Mode == "") || b != nil && *b != (marketops.Before{Mode: p.Before.Mode, Blob: p.Before.ID}) {
			return wire.Stopf(marketops.GitHubConflict, "%s is not in the base as the document says", c.Path)
		}
	}
	return nil
}

// entry is one file or folder in a tree.
type entry struct {
	Path string `json:"path"`
	Mode string `json:"mode"`
	Type string `json:"type"`
	SHA  string `json:"sha"`
}

// folder is GitHub's answer about a tree.
type folder struct {
	SHA       string  `json:"sha"`
	Truncated bool    `json:"truncated"`
	Tree      []entry `json:"tree"`
}

// readTree reads one folder of the base. Whether it has the id that was asked for Apply computes.
func (r *reader) readTree(ctx context.Context, id string) (gitobject.Tree, error) {
	var got folder
	if _, err := r.GetKnown(ctx, "read a folder of the base", r.path("git/trees/%s", id), &got); err != nil {
		return nil, err
	}
	if got.Truncated {
		return nil, wire.Stopf(marketops.GitHubConflict, "a folder of the base has more entries than GitHub lists")
	}
	var out gitobject.Tree
	for _, e := range got.Tree {
		out = append(out, gitobject.Entry{Name: e.Path, Mode: strings.TrimLeft(e.Mode, "0"), ID: e.SHA})
	}
	return out, nil
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
