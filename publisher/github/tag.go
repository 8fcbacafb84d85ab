package github

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// tagObject is the bound part of GitHub's tag object.
type tagObject struct {
	SHA     string `json:"sha"`
	Tag     string `json:"tag"`
	Message string `json:"message"`
	Object  object `json:"object"`
	Tagger  signer `json:"tagger"`
}

// tags reads the tag of an operation.
type tags struct{ *reader }

// look reads the ref of exactly this name, and the tag object behind it, whose id it returns.
func (r tags) look(ctx context.Context) (observation, string, error) {
	ref, below, err := r.findRefOrBelow(ctx, "tags", r.op.Tag.Name)
	if err != nil {
		return observation{}, "", err
	}
	if ref == nil {
		at, err := r.lookForRoom(ctx, "tags", r.op.Tag.Name, below, "there is no such tag")
		return at, "", err
	}
	if !r.makesTag() && r.op.Tag.Existing.After.IsZero() {
		return r.lookAtExisting(ctx, ref)
	}
	if ref.Object.Type != "tag" {
		return observation{presence: publisher.Conflict, taken: true,
			detail: "the tag points to a " + r.RedactLine(ref.Object.Type) + " and not to a tag object"}, "", nil
	}
	if !marketops.FullSHA(ref.Object.SHA) {
		return observation{detail: "the ref has no full object id"}, "", nil
	}
	difference, err := r.compare(ctx, ref.Object.SHA)
	if err != nil {
		return observation{}, "", err
	}
	if difference != "" {
		return observation{presence: publisher.Conflict, detail: "the tag is there with another " + difference, taken: true}, "", nil
	}
	r.facts.note("tag_object", ref.Object.SHA)
	r.facts.note("commit", r.op.Tag.Commit)
	return observation{presence: publisher.Found, detail: "the tag is there, as planned"}, ref.Object.SHA, nil
}

// compare reads a tag object and names the first field that differs from the plan, or "".
func (r tags) compare(ctx context.Context, sha string) (string, error) {
	var got tagObject
	if _, err := r.GetKnown(ctx, "read the tag object", r.path("git/tags/%s", sha), &got); err != nil {
		return "", err
	}
	if got.SHA != sha {
		return "object id", nil
	}
	return r.findDifference(&got), nil
}

// isObject reports whether an id is that of the planned tag object, and so of everything in it. Whether GitHub keeps
// the newline at the end of its message is GitHub's to say.
func (r tags) isObject(id string) bool {
	t, n := r.op.Tag, gitobject.LengthOf(r.op.Tag.Commit)
	who := gitobject.Signature(t.Tagger.Name, t.Tagger.Email, int64(t.Tagger.Date))
	return id == n.Tag(t.Commit, t.Name, who, r.text.message) || id == n.Tag(t.Commit, t.Name, who, strings.TrimSuffix(r.text.message, "\n"))
}

func (r tags) findDifference(got *tagObject) string {
	t := r.op.Tag
	message := r.text.message
	switch {
	case !r.isObject(got.SHA):
		return "object id"
	case got.Tag != t.Name:
		return "name"
	case got.Object.Type != "commit" || got.Object.SHA != t.Commit:
		return "commit"
	case got.Message != message && got.Message != strings.TrimSuffix(message, "\n"):
		return "message"
	case !got.Tagger.is(t.Tagger):
		return "tagger"
	}
	return ""
}

// checkCommit demands that the planned commit is there with the planned tree.
func (r tags) checkCommit(ctx context.Context) error {
	var got gitCommit
	if _, err := r.Get(ctx, "read the commit", r.path("git/commits/%s", r.op.Tag.Commit), &got); err != nil {
		return err
	}
	if got.SHA != r.op.Tag.Commit || got.Tree.SHA != r.op.Tag.Tree {
		return wire.Stopf(marketops.GitHubConflict, "GitHub shows another commit or tree than the planned one")
	}
	return nil
}

// lookAtExisting compares a tag that is bound by its object. The ref and the object decide; GitHub is asked which commit the
// object is of.
func (r tags) lookAtExisting(ctx context.Context, ref *gitRef) (observation, string, error) {
	want := r.op.Tag.Existing
	if ref.Object.SHA != want.Object || ref.Object.Type != want.Type {
		return observation{presence: publisher.Conflict, taken: true, detail: r.RedactLine(fmt.Sprintf(
			"the tag was planned at the %s %s, and is at the %s %s", want.Type, want.Object, ref.Object.Type, ref.Object.SHA))}, "", nil
	}
	if want.Type == "tag" {
		var got tagObject
		if _, err := r.GetKnown(ctx, "read the tag object", r.path("git/tags/%s", want.Object), &got); err != nil {
			return observation{}, "", err
		}
		if got.SHA != want.Object || got.Tag != r.op.Tag.Name || got.Object.Type != "commit" || got.Object.SHA != r.op.Tag.Commit {
			return observation{presence: publisher.Conflict, detail: "the tag object is of another commit or name than planned", taken: true}, "", nil
		}
		r.facts.note("tag_object", want.Object)
	}
	r.facts.note("commit", r.op.Tag.Commit)
	return observation{presence: publisher.Found, detail: "the tag is there, as planned"}, want.Object, nil
}

// await reads the tag until it is there as planned and, unless that is "", at this object. What it saw last is of use where the
// error is errNotYet: GitHub was read, and the tag is not as it should be.
func (r tags) await(ctx context.Context, object string) (at observation, found string, err error) {
	err = r.Retry(ctx, "read the tag again", func() (err error) {
		at, found, err = r.look(ctx)
		switch {
		case err != nil:
			return wire.Permanent(err)
		case at.presence == publisher.Found && (object == "" || found == object):
			return nil
		case at.taken:
			return wire.Permanent(errNotYet)
		}
		return errNotYet
	})
	return at, found, err
}

// requireExisting demands that the tag which the operation finds on GitHub is the bound one.
func (r tags) requireExisting(ctx context.Context) (object string, err error) {
	at, object, err := r.await(ctx, "")
	if errors.Is(err, errNotYet) {
		err = r.moved(at)
	}
	return object, err
}

// moved says that an existing tag is not, or no longer, the bound one.
func (r tags) moved(at observation) error {
	return wire.Stopf(marketops.RefMoved, "%s", r.movedText(at))
}

func (r tags) movedText(at observation) string {
	return "the tag " + r.op.Tag.Name + ": " + at.detail
}

// tagWriter makes the tag of an operation.
type tagWriter struct {
	*session
	object string // the tag object that was made or found, and is equal
}

func (w *tagWriter) tags() tags { return tags{w.reader} }

// ensure makes the tag. prepare reads and makes what must be ready before anything is visible.
func (w *tagWriter) ensure(ctx context.Context, prepare func(context.Context) error) error {
	return w.ensureEffect(ctx, w.effect(effectTag), strategy{look: w.find, send: func(ctx context.Context) (wire.WriteResult, error) {
		if err := prepare(ctx); err != nil {
			return wire.Undone, err
		}
		return w.send(ctx)
	}})
}

func (w *tagWriter) find(ctx context.Context) (observation, error) {
	at, sha, err := w.tags().look(ctx)
	if at.presence == publisher.Found {
		w.object = sha
	}
	return at, err
}

// send makes the ref. From here on others see the tag.
func (w *tagWriter) send(ctx context.Context) (wire.WriteResult, error) {
	name := "refs/tags/" + w.op.Tag.Name
	c := &wire.Call{
		Step: "make the tag", Method: wire.Post, Path: w.path("git/refs"), Effect: effectTag,
		Body: map[string]string{"ref": name, "sha": w.object},
	}
	var got gitRef
	return w.Write(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return got.Ref == name && got.Object.SHA == w.object && got.Object.Type == "tag"
	}))
}

// prepare reads what could be in the way of a tag alone, and makes what the ref will point to.
func (w *tagWriter) prepare(ctx context.Context) error {
	if err := w.checkFree(ctx); err != nil {
		return err
	}
	if err := w.ensureObject(ctx); err != nil {
		return err
	}
	return w.readObject(ctx)
}

// checkFree demands that no branch has the name, and that the commit is the planned one.
func (w *tagWriter) checkFree(ctx context.Context) error {
	branch, err := w.findRef(ctx, "heads", w.op.Tag.Name)
	if err != nil {
		return err
	}
	if branch != nil {
		return wire.Stopf(marketops.GitHubConflict, "a branch has the name of the tag, which git would take for the other")
	}
	return w.tags().checkCommit(ctx)
}

func (w *tagWriter) ensureObject(ctx context.Context) (err error) {
	if w.object == "" {
		w.object, err = w.makeObject(ctx)
	}
	return err
}

// readObject reads the tag object right before a ref shows it.
func (w *tagWriter) readObject(ctx context.Context) error {
	difference, err := w.tags().compare(ctx, w.object)
	if err != nil {
		return err
	}
	if difference != "" {
		return wire.Stopf(marketops.GitHubConflict, "GitHub made a tag object with another %s", difference)
	}
	return w.record("tag_object", w.object)
}

// makeObject makes the tag object, which is invisible until a ref points to it. Its id follows
// from its content, so an unclear attempt is simply repeated.
func (w *tagWriter) makeObject(ctx context.Context) (string, error) {
	t := w.op.Tag
	body := map[string]any{
		"tag": t.Name, "message": w.text.message, "object": t.Commit, "type": "commit",
		"tagger": map[string]string{"name": t.Tagger.Name, "email": t.Tagger.Email, "date": t.Tagger.Date.String()},
	}
	var got tagObject
	c := &wire.Call{Step: "make the tag object", Method: wire.Post, Path: w.path("git/tags"), Body: body}
	err := w.WriteRepeatedly(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return w.tags().findDifference(&got) == "" && marketops.FullSHA(got.SHA)
	}))
	return got.SHA, err
}
