package github

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// maxDrafts is how many drafts one Apply makes before it gives up.
const maxDrafts = 3

// keyReleaseID is a line of the journal for people; nothing reads it. The Core's note decides.
const keyReleaseID = "release_id"

// draftWriter makes the draft of a release, or continues one whose id was noted at the Core. Any other is never used
// and never deleted, also with our text: markers and texts can be copied.
type draftWriter struct {
	*session
	releases releases
	id       int64 // 0: none yet
	author   int64 // whom GitHub named as its author
	filled   int   // of its files, the first so many are as planned
	removed  bool
	foreign  bool // it was published by another user
}

// noted are the ids that the Core holds, and what this Apply made, the lowest first. The journal has no say: a
// person who can write to it could name the draft of another user.
func (w *draftWriter) noted() []int64 {
	ids := append(slices.Clone(w.work.Drafts), w.id)
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id int64) bool { return id <= 0 })
}

// ensure continues the noted draft with the lowest id, or makes one.
func (w *draftWriter) ensure(ctx context.Context) error {
	for _, id := range w.noted() {
		rel, err := w.releases.get(ctx, id)
		if err != nil {
			return err
		}
		if rel == nil {
			continue
		}
		return w.resume(ctx, rel)
	}
	return w.create(ctx)
}

// resume takes a noted draft up where it was left.
func (w *draftWriter) resume(ctx context.Context, rel *release) error {
	if !rel.Draft || !w.releases.isOurs(rel) {
		return draftConflict(fmt.Sprintf("our draft %d was changed by another user", rel.ID))
	}
	return w.adopt(ctx, rel)
}

// create makes a draft. It is the one write that GitHub would do twice: one whose answer is lost stays
// behind, hidden and empty, and is never used.
func (w *draftWriter) create(ctx context.Context) error {
	var last error
	for n := range maxDrafts {
		var made release
		result, err := w.send(ctx, &made)
		switch result {
		case wire.Done:
			return w.adopt(ctx, &made)
		case wire.Undone:
			return err
		}
		last = w.RedactError(err)
		if err := w.Pause(ctx, "making another draft: "+last.Error(), w.Pauses()[n]); err != nil {
			return wire.Interruption("create the draft", err)
		}
	}
	return &marketops.Failure{Code: marketops.GitHubUnreachable, What: fmt.Sprintf("create the draft: %d attempts without an answer", maxDrafts), State: wire.StateStopped, Err: last}
}

func (w *draftWriter) send(ctx context.Context, made *release) (wire.WriteResult, error) {
	rel := w.op.Release
	c := &wire.Call{Step: "create the draft", Method: wire.Post, Path: w.path("releases"), Body: w.targeted(map[string]any{
		"tag_name": w.op.Tag.Name, "name": rel.Name, "body": w.text.body,
		"draft": true, "prerelease": rel.Prerelease, "generate_release_notes": false,
	})}
	return w.Write(ctx, c, wire.Expect(wire.Created, made, func() bool {
		return made.Draft && w.releases.isOurs(made)
	}))
}

// adopt makes the id durable here and at the Core before anything is built on it.
func (w *draftWriter) adopt(ctx context.Context, rel *release) error {
	w.id, w.author = rel.ID, rel.Author.ID
	w.releases.assets.uploaders = map[int64]bool{w.author: true}
	w.facts.number("release_id", rel.ID)
	if err := w.record(keyReleaseID, strconv.FormatInt(rel.ID, 10)); err != nil {
		return err
	}
	if err := w.noteAtCore(ctx); err != nil {
		return err
	}
	return w.CheckUploadURL(rel.UploadURL)
}

func (w *draftWriter) noteAtCore(ctx context.Context) error {
	if slices.Contains(w.work.Drafts, w.id) {
		return nil
	}
	if err := w.work.NoteDraft(ctx, w.id); err != nil {
		return wire.FailureOf(err, marketops.LedgerUnavailable, "the draft's id cannot be noted at the Core")
	}
	return nil
}

// isIntact reports whether a release is our draft as GitHub made it.
func (w *draftWriter) isIntact(rel *release) bool {
	return rel != nil && rel.Draft && w.releases.isOurs(rel) && rel.Author.ID == w.author
}

// discard looks at the draft of this Apply after a refusal, and removes it if it may and all of it is ours.
// Whether that succeeds decides nothing: the draft is hidden, and its id is noted.
func (w *draftWriter) discard(ctx context.Context, may bool) {
	rel, err := w.releases.get(ctx, w.id)
	if err != nil {
		return
	}
	w.foreign = rel != nil && !rel.Draft
	if !may || !w.isIntact(rel) {
		return
	}
	files, err := w.releases.assets.list(ctx, w.id)
	if err != nil || w.releases.assets.hasForeign(files) || w.releases.assets.haveOthers(files) {
		return
	}
	if w.record(keyReleaseID, "0") != nil || w.work.StrikeDraft(ctx, w.id) != nil {
		return
	}
	w.removed = w.remove(ctx, "remove the draft", w.path("releases/%d", w.id)) == nil
}
