package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
)

// The members of GitHub's git objects that are bound.
type (
	object struct {
		SHA  string `json:"sha"`
		Type string `json:"type"`
	}
	gitRef struct {
		Ref    string `json:"ref"`
		Object object `json:"object"`
	}
	gitCommit struct {
		SHA  string `json:"sha"`
		Tree object `json:"tree"`
	}
	tagObject struct {
		SHA     string `json:"sha"`
		Tag     string `json:"tag"`
		Message string `json:"message"`
		Object  object `json:"object"`
		Tagger  struct {
			Name  string    `json:"name"`
			Email string    `json:"email"`
			Date  time.Time `json:"date"`
		} `json:"tagger"`
	}
)

// tagWork is what one Apply knows about its tag.
type tagWork struct{ object string } // the tag object that was read and is equal

func (s *session) bringTag(ctx context.Context) error {
	return s.bring(ctx, s.effect(effectTag), strategy{
		look: func(ctx context.Context) (observation, error) {
			at, sha, err := s.lookTag(ctx)
			if at.presence == publisher.Found {
				s.tag.object = sha
			}
			return at, err
		},
		send: s.sendTag,
	})
}

func (s *session) effect(name string) *effect {
	for _, e := range s.effects {
		if e.name == name {
			return e
		}
	}
	panic("github: no effect " + name) // begin made them all
}

// lookTag reads the ref of exactly this name, and the tag object behind it.
func (r *reader) lookTag(ctx context.Context) (observation, string, error) {
	ref, err := r.exactRef(ctx, "tags", r.op.Tag.Name)
	if err != nil {
		return observation{}, "", err
	}
	if ref == nil {
		return observation{presence: publisher.Absent, detail: "there is no such tag"}, "", nil
	}
	if ref.Object.Type != "tag" {
		return observation{presence: publisher.Conflict, taken: true,
			detail: "the tag points to a " + clip(r.port.secrets.clean(ref.Object.Type)) + " and not to a tag object"}, "", nil
	}
	if !marketops.FullSHA(ref.Object.SHA) {
		return observation{detail: "the ref has no full object id"}, "", nil
	}
	differs, err := r.compareTag(ctx, ref.Object.SHA)
	if err != nil {
		return observation{}, "", err
	}
	if differs != "" {
		return observation{presence: publisher.Conflict, detail: "the tag is there with another " + differs, taken: true}, "", nil
	}
	r.seen.note("tag_object", ref.Object.SHA)
	r.seen.note("commit", r.op.Tag.Commit)
	return observation{presence: publisher.Found, detail: "the tag is there, as planned"}, ref.Object.SHA, nil
}

// exactRef finds one ref in a list that GitHub filters by prefix. nil is proven absence.
func (r *reader) exactRef(ctx context.Context, space, name string) (*gitRef, error) {
	refs, err := list[gitRef](ctx, r.get, "look for "+space+"/"+name, r.repoPath("git/matching-refs/%s/%s", space, name))
	if err != nil {
		return nil, err
	}
	for i := range refs {
		if refs[i].Ref == "refs/"+space+"/"+name {
			return &refs[i], nil
		}
	}
	return nil, nil
}

// compareTag reads a tag object and names the first field that differs from the plan, or "".
func (r *reader) compareTag(ctx context.Context, sha string) (string, error) {
	var got tagObject
	if _, err := r.getKnown(ctx, "read the tag object", r.repoPath("git/tags/%s", sha), &got); err != nil {
		return "", err
	}
	if got.SHA != sha {
		return "object id", nil
	}
	return r.tagDiffers(&got), nil
}

func (r *reader) tagDiffers(got *tagObject) string {
	t := r.op.Tag
	message := r.words.message
	switch {
	case got.Tag != t.Name:
		return "name"
	case got.Object.Type != "commit" || got.Object.SHA != t.Commit:
		return "commit"
	case got.Message != message && got.Message != strings.TrimSuffix(message, "\n"):
		return "message"
	case got.Tagger.Name != t.Tagger.Name || got.Tagger.Email != t.Tagger.Email || marketops.TimeOf(got.Tagger.Date) != t.Tagger.Date:
		return "tagger"
	}
	return ""
}

// sendTag prepares what the ref will point to and then makes the ref.
func (s *session) sendTag(ctx context.Context) (writeResult, error) {
	if err := s.prepareTag(ctx); err != nil {
		return undone, err
	}
	name := "refs/tags/" + s.op.Tag.Name
	c := &call{
		step: "make the tag", method: http.MethodPost, path: s.repoPath("git/refs"), effect: effectTag,
		body: map[string]string{"ref": name, "sha": s.tag.object},
	}
	return s.write(ctx, c, func(x *exchange) error {
		var got gitRef
		if err := decode(x, http.StatusCreated, &got); err != nil {
			return err
		}
		if got.Ref != name || got.Object.SHA != s.tag.object || got.Object.Type != "tag" {
			return errOther
		}
		return nil
	})
}

func decode(x *exchange, status int, out any) error {
	if x.status != status {
		return fmt.Errorf("status %d instead of %d", x.status, status)
	}
	return json.Unmarshal(x.body, out)
}

func (s *session) prepareTag(ctx context.Context) error {
	if s.tag.object != "" {
		return nil
	}
	branch, err := s.exactRef(ctx, "heads", s.op.Tag.Name)
	if err != nil {
		return err
	}
	if branch != nil {
		return &marketops.Failure{Code: marketops.GitHubConflict, State: stateStopped,
			What: "a branch has the name of the tag, which git would take for the other"}
	}
	if err := s.checkCommit(ctx); err != nil {
		return err
	}
	sha, err := s.makeTagObject(ctx)
	if err != nil {
		return err
	}
	differs, err := s.compareTag(ctx, sha)
	if err == nil && differs != "" {
		err = &marketops.Failure{Code: marketops.GitHubConflict, What: "GitHub made a tag object with another " + differs, State: stateStopped}
	}
	if err == nil {
		err = s.record("tag_object", sha)
	}
	s.tag.object = sha
	if err != nil {
		s.tag.object = ""
	}
	return err
}

func (s *session) checkCommit(ctx context.Context) error {
	var got gitCommit
	if _, err := s.get(ctx, "read the commit", s.repoPath("git/commits/%s", s.op.Tag.Commit), &got); err != nil {
		return err
	}
	if got.SHA != s.op.Tag.Commit || got.Tree.SHA != s.op.Tag.Tree {
		return &marketops.Failure{Code: marketops.GitHubConflict, What: "GitHub shows another commit or tree than the planned one", State: stateStopped}
	}
	return nil
}

// makeTagObject makes the object, which nobody sees before a ref points to it. Its id follows
// from its content, so an unclear attempt is simply repeated.
func (s *session) makeTagObject(ctx context.Context) (string, error) {
	t := s.op.Tag
	body := map[string]any{
		"tag": t.Name, "message": s.words.message, "object": t.Commit, "type": "commit",
		"tagger": map[string]string{"name": t.Tagger.Name, "email": t.Tagger.Email, "date": t.Tagger.Date.String()},
	}
	var got tagObject
	c := &call{step: "make the tag object", method: http.MethodPost, path: s.repoPath("git/tags"), body: body}
	err := s.repeatable(ctx, c, func(x *exchange) error {
		got = tagObject{}
		if err := decode(x, http.StatusCreated, &got); err != nil {
			return err
		}
		if s.tagDiffers(&got) != "" || !marketops.FullSHA(got.SHA) {
			return errOther
		}
		return nil
	})
	return got.SHA, err
}
