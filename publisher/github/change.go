package github

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
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
	base, err := w.branches.baseTree(ctx)
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
func (r branches) baseTree(ctx context.Context) (string, error) {
	base := r.op.PullRequest.Base.SHA
	var got gitCommit
	if _, err := r.Get(ctx, "read the base commit", r.path("git/commits/%s", base), &got); err != nil {
		return "", err
	}
	if got.SHA != base || !marketops.FullSHA(got.Tree.SHA) {
		return "", wire.Stopf(marketops.GitHubConflict, "GitHub shows another commit than the planned base")
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
	var got object
	return w.WriteRepeatedly(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return got.SHA == w.blobs[i]
	}))
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
	err := w.WriteRepeatedly(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return marketops.FullSHA(got.SHA) && !slices.ContainsFunc(got.Tree, func(e entry) bool {
			want, ok := planned[e.Path]
			return ok && e != want
		})
	}))
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
	err := w.WriteRepeatedly(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return marketops.FullSHA(got.SHA) && got.Tree.SHA == tree && w.branches.isOurs(&got)
	}))
	if err != nil {
		return "", err
	}
	var again fullCommit
	if _, err := w.GetKnown(ctx, "read the commit", w.path("git/commits/%s", got.SHA), &again); err != nil {
		return "", err
	}
	if again.SHA != got.SHA || again.Tree.SHA != tree || !w.branches.isOurs(&again) {
		return "", wire.Stopf(marketops.GitHubConflict, "GitHub made another commit than the planned one")
	}
	return got.SHA, w.record(keyCommit, got.SHA)
}

// maxBlob bounds one file of a change set: it travels in one JSON text that is held in memory.
const maxBlob = 25 << 20

// newGitHash is the hash of a repository whose object ids look like sha. It proves nothing about
// what was authorised, which is bound by SHA-256; it tells what GitHub will call the bytes.
func newGitHash(sha string) hash.Hash {
	if len(sha) == 2*sha256.Size {
		return sha256.New()
	}
	return sha1.New()
}

// readChange reads one file of a change set whole, and only if it is the authorised one.
func readChange(content publisher.Content, c marketops.Change) ([]byte, error) {
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

// blobID is the id that git gives to the bytes in a repository whose ids look like sha.
func blobID(sha string, data []byte) string {
	h := newGitHash(sha)
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}
