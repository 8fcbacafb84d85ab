package github

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/omega/marketops"
)

const keyCommit = "commit"

// changeWork is what one Apply knows about its change set.
type changeWork struct {
	blobs  []string // ids of the files, in the document's order
	tree   string
	commit string // made or recorded here, read and equal; or found to be that
}

// measure computes the ids that the files will have, and refuses files that have changed.
func (s *session) measure() error {
	if s.change.blobs != nil {
		return nil
	}
	var blobs []string
	for i, c := range s.op.PullRequest.Changes.Changes {
		data, err := readChange(s.work.Content[i], c)
		if err != nil {
			return err
		}
		blobs = append(blobs, blobID(s.op.PullRequest.Base.SHA, data))
	}
	s.change.blobs = blobs
	return nil
}

// makeCommit prepares the commit: blobs, a tree on top of the base's, the commit itself. Nobody
// sees any of it before a ref points to it, and every id follows from the content, so that an
// unclear attempt is simply repeated. All files are checked before the first is sent.
func (s *session) makeCommit(ctx context.Context) (tree, commit string, err error) {
	if err := s.measure(); err != nil {
		return "", "", err
	}
	base, err := s.baseTree(ctx)
	if err != nil {
		return "", "", err
	}
	for i := range s.change.blobs {
		if err := s.makeBlob(ctx, i); err != nil {
			return "", "", err
		}
	}
	if tree, err = s.makeTree(ctx, base); err != nil {
		return "", "", err
	}
	commit, err = s.commitTree(ctx, tree)
	return tree, commit, err
}

// baseTree is the tree of the planned base.
func (s *session) baseTree(ctx context.Context) (string, error) {
	base := s.op.PullRequest.Base.SHA
	var got gitCommit
	if _, err := s.get(ctx, "read the base commit", s.repoPath("git/commits/%s", base), &got); err != nil {
		return "", err
	}
	if got.SHA != base || !marketops.FullSHA(got.Tree.SHA) {
		return "", &marketops.Failure{Code: marketops.GitHubConflict, What: "GitHub shows another commit than the planned base", State: stateStopped}
	}
	return got.Tree.SHA, nil
}

func (s *session) makeBlob(ctx context.Context, i int) error {
	data, err := readChange(s.work.Content[i], s.op.PullRequest.Changes.Changes[i])
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(data)
	c := &call{
		step: fmt.Sprintf("make blob %d", i+1), method: http.MethodPost, path: s.repoPath("git/blobs"), size: int64(len(text)),
		body: map[string]string{"content": text, "encoding": "base64"},
	}
	return s.repeatable(ctx, c, func(x *exchange) error {
		var got object
		if err := decode(x, http.StatusCreated, &got); err != nil {
			return err
		}
		if got.SHA != s.change.blobs[i] {
			return errOther
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

func (s *session) makeTree(ctx context.Context, base string) (string, error) {
	planned := map[string]entry{}
	entries := []entry{}
	for i, c := range s.op.PullRequest.Changes.Changes {
		e := entry{Path: c.Path, Mode: c.Mode, Type: "blob", SHA: s.change.blobs[i]}
		planned[c.Path], entries = e, append(entries, e)
	}
	var got struct {
		SHA  string  `json:"sha"`
		Tree []entry `json:"tree"`
	}
	c := &call{step: "make the tree", method: http.MethodPost, path: s.repoPath("git/trees"),
		body: map[string]any{"base_tree": base, "tree": entries}}
	err := s.repeatable(ctx, c, func(x *exchange) error {
		got.SHA, got.Tree = "", nil
		if err := decode(x, http.StatusCreated, &got); err != nil {
			return err
		}
		for _, e := range got.Tree {
			if want, ok := planned[e.Path]; ok && e != want {
				return errOther
			}
		}
		if !marketops.FullSHA(got.SHA) {
			return errOther
		}
		return nil
	})
	return got.SHA, err
}

// commitTree makes the commit and reads it, because its id is what others will be shown.
func (s *session) commitTree(ctx context.Context, tree string) (string, error) {
	want := s.op.PullRequest
	who := map[string]string{"name": want.Changes.Author.Name, "email": want.Changes.Author.Email, "date": want.Changes.Author.Date.String()}
	c := &call{step: "make the commit", method: http.MethodPost, path: s.repoPath("git/commits"), body: map[string]any{
		"message": want.Changes.Message, "tree": tree, "parents": []string{want.Base.SHA}, "author": who, "committer": who,
	}}
	var got fullCommit
	err := s.repeatable(ctx, c, func(x *exchange) error {
		got = fullCommit{}
		if err := decode(x, http.StatusCreated, &got); err != nil {
			return err
		}
		if !marketops.FullSHA(got.SHA) || got.Tree.SHA != tree || !s.oursCommit(&got) {
			return errOther
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	var again fullCommit
	if _, err := s.getKnown(ctx, "read the commit", s.repoPath("git/commits/%s", got.SHA), &again); err != nil {
		return "", err
	}
	if again.SHA != got.SHA || again.Tree.SHA != tree || !s.oursCommit(&again) {
		return "", &marketops.Failure{Code: marketops.GitHubConflict, What: "GitHub made another commit than the planned one", State: stateStopped}
	}
	return got.SHA, s.record(keyCommit, got.SHA)
}
