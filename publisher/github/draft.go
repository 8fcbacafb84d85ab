package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/omega/marketops"
)

// Bounds of the search for the one draft.
const (
	maxDrafts = 3 // drafts we create before we give up
	maxRounds = 8 // looks at the list
)

const keyReleaseID = "release_id"

// releaseWork is what one Apply knows about its release.
type releaseWork struct {
	id      int64
	created int
	latest  int64 // who was latest before we published; 0: nobody
}

// recorded is the id of our draft, from this attempt or an earlier one on this machine.
func (s *session) recorded() int64 {
	if s.release.id != 0 {
		return s.release.id
	}
	text, ok := s.journal.Recall(keyReleaseID)
	id, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || id < 0 {
		return 0
	}
	return id
}

// draft makes sure that there is exactly one draft of ours and returns it.
func (s *session) draft(ctx context.Context) (*release, error) {
	for range maxRounds {
		st, err := s.releases(ctx, s.recorded())
		if err != nil {
			return nil, err
		}
		if st.foreign != "" || st.published != nil {
			if st.foreign == "" {
				st.foreign = "the release was published meanwhile"
			}
			return nil, &marketops.Failure{Code: marketops.GitHubConflict, What: st.foreign, State: stateStopped}
		}
		if st.drafts, err = s.unlisted(ctx, st.drafts); err != nil {
			return nil, err
		}
		switch len(st.drafts) {
		case 0:
			err = s.createDraft(ctx)
		case 1:
			return &st.drafts[0], s.adopt(&st.drafts[0])
		default:
			err = s.dropDoubles(ctx, st.drafts[1:])
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, &marketops.Failure{Code: marketops.GitHubUnreachable, What: "GitHub's list of releases does not settle", State: stateDraftKept}
}

// unlisted adds the recorded draft if the list lags behind and does not show it.
func (s *session) unlisted(ctx context.Context, drafts []release) ([]release, error) {
	id := s.recorded()
	if len(drafts) > 0 || id == 0 {
		return drafts, nil
	}
	own, err := s.byID(ctx, id)
	if err != nil || own == nil || !own.Draft {
		return nil, err
	}
	if !s.ours(own) {
		return nil, &marketops.Failure{Code: marketops.GitHubConflict, What: "our draft was changed by somebody else", State: stateStopped}
	}
	return []release{*own}, nil
}

// adopt makes the id durable before anything is built on it.
func (s *session) adopt(rel *release) error {
	if err := s.checkUploadURL(rel.UploadURL); err != nil {
		return err
	}
	s.release.id = rel.ID
	s.seen.number("release_id", rel.ID)
	return s.record(keyReleaseID, strconv.FormatInt(rel.ID, 10))
}

// checkUploadURL refuses a GitHub that wants the files and the credential somewhere else.
func (r *reader) checkUploadURL(address string) error {
	address, _, _ = strings.Cut(address, "{")
	u, err := url.Parse(address)
	if err != nil || u.User != nil || originOf(u) != originOf(r.port.uploads) {
		return &marketops.Failure{Code: marketops.HostMismatch, State: stateDraftKept,
			What: "GitHub wants the files at " + clip(r.port.secrets.clean(place(address)))}
	}
	return nil
}

// createDraft is the one write that GitHub would do twice. If it is unclear, the list is read
// until it shows the draft or the whole ladder has proven it absent.
func (s *session) createDraft(ctx context.Context) error {
	if s.release.created >= maxDrafts {
		return &marketops.Failure{Code: marketops.GitHubUnreachable, What: fmt.Sprintf("no draft after %d attempts", maxDrafts), State: stateStopped}
	}
	s.release.created++
	rel := s.op.Release
	c := &call{step: "create the draft", method: http.MethodPost, path: s.repoPath("releases"), body: map[string]any{
		"tag_name": s.op.Tag.Name, "target_commitish": s.op.Tag.Commit, "name": rel.Name, "body": s.words.body,
		"draft": true, "prerelease": rel.Prerelease, "generate_release_notes": false,
	}}
	var got release
	became, err := s.write(ctx, c, func(x *exchange) error {
		got = release{}
		if err := decode(x, http.StatusCreated, &got); err != nil {
			return err
		}
		if !got.Draft || !s.ours(&got) {
			return errOther
		}
		return nil
	})
	switch became {
	case done:
		return s.adopt(&got)
	case undone:
		return err
	}
	return s.awaitDraft(ctx, err)
}

func (s *session) awaitDraft(ctx context.Context, why error) error {
	for _, d := range s.port.options.Pauses {
		s.port.options.Wait("looking for the draft: "+s.port.secrets.wash(why).Error(), d)
		if err := s.port.sleep(ctx, d); err != nil {
			return interrupted("looking for the draft", err)
		}
		st, err := s.releases(ctx, s.recorded())
		if err != nil || len(st.drafts) > 0 || st.foreign != "" || st.published != nil {
			return err
		}
	}
	return nil
}

// dropDoubles removes drafts that late answers left behind: ours in every word, hidden, and
// without any file that is not of the plan.
func (s *session) dropDoubles(ctx context.Context, doubles []release) error {
	for i := range doubles {
		id := doubles[i].ID
		now, err := s.byID(ctx, id)
		if err != nil {
			return err
		}
		if now == nil || !now.Draft || !s.ours(now) {
			continue // the list is read again
		}
		files, err := s.assets(ctx, id)
		if err != nil {
			return err
		}
		if s.hasForeign(files) {
			return &marketops.Failure{Code: marketops.GitHubConflict, State: stateStopped,
				What: fmt.Sprintf("draft %d looks like ours and has files that are not of the plan", id)}
		}
		if err := s.remove(ctx, "remove a double draft", s.repoPath("releases/%d", id)); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes something invisible of ours. Whether it is gone the next look will tell.
func (s *session) remove(ctx context.Context, step, path string) error {
	c := &call{step: step, method: http.MethodDelete, path: path}
	became, err := s.write(ctx, c, func(x *exchange) error {
		if x.status != http.StatusNoContent {
			return errOther
		}
		return nil
	})
	if became == undone && !isNotShown(err) {
		return err
	}
	return nil
}
