package github

import (
	"errors"
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
	"github.com/omega/marketops/receipt"
)

// tellLeft puts into the state of an error what the operation leaves on GitHub.
func (s *session) tellLeft(err error) error {
	var f *marketops.Failure
	var u *marketops.Unknown
	switch {
	case err == nil:
	case errors.As(err, &u):
		u.State = s.stateLeft("")
	case errors.As(err, &f):
		if f.State == wire.StateDraftKept {
			f.State = wire.StateStopped
		}
		f.State = s.stateLeft(f.State)
	}
	return err
}

func (s *session) stateLeft(state string) string {
	said := []string{}
	if state != "" {
		said = append(said, state)
	}
	if left := s.left(); len(left) > 0 {
		said = append(said, "on GitHub now: "+strings.Join(left, " and "))
	}
	if s.draft != nil && s.draft.removed {
		said = append(said, fmt.Sprintf("the draft %d was removed", s.draft.id))
	}
	return s.RedactLine(strings.Join(said, "; "))
}

// left names what is on GitHub now: effects that are there, and a draft.
func (s *session) left() (names []string) {
	for _, e := range s.effects {
		if e.state == receipt.EffectApplied {
			names = append(names, s.nameOf(e))
		}
	}
	d := s.draft
	switch {
	case d == nil || d.id == 0 || d.removed || s.effect(effectRelease).state != receipt.EffectAbsent:
	case d.foreign:
		names = append(names, fmt.Sprintf("the release %d, which another user published", d.id))
	default:
		names = append(names, fmt.Sprintf("the draft %d with %d of %d files", d.id, d.filled, len(s.op.Release.Assets)))
	}
	return names
}

// nameOf is what people call an effect.
func (s *session) nameOf(e *effect) string {
	switch e.name {
	case effectTag:
		return "the tag " + s.op.Tag.Name
	case effectRelease:
		return "the release " + s.facts.ids["release_id"]
	case effectBranch:
		return "the branch " + s.op.PullRequest.Head.Branch
	}
	return "the pull request " + s.facts.ids["pull_number"]
}
