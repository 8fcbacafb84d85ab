package plan

import (
	"context"

	"github.com/omega/marketops"
)

// Stage names one of the seven stages of a run.
type Stage string

// The stages, in order, in both modes.
const (
	Discover  Stage = "discover"
	Select    Stage = "select"
	Verify    Stage = "verify"
	Evaluate  Stage = "evaluate"
	PlanStage Stage = "plan"
	Execute   Stage = "execute"
	Seal      Stage = "seal"
)

// StageEntry is the journal's line about a stage, of kind "stage".
type StageEntry struct {
	Stage Stage          `json:"stage"`
	Mode  marketops.Mode `json:"mode"`
	State string         `json:"state"` // "begun", then "done", "blocked" or "failed"
	Text  string         `json:"text"`  // what came out, in words
	Code  marketops.Code `json:"code"`  // of the error that ended the stage; "" if none did, or it had none
}

// BlockedEntry is the journal's line about one operation that a dry run did not carry out, of
// kind "blocked".
type BlockedEntry struct {
	BlockedByMode bool             `json:"blocked_by_mode"`
	Calls         []marketops.Call `json:"calls"`
}

type step struct {
	stage Stage
	do    func(context.Context) (string, error)
}

// walk does the stages in order and writes each into the journal before and after. The first
// that fails ends the walk.
func walk(ctx context.Context, j *Journal, mode marketops.Mode, steps []step) error {
	for _, s := range steps {
		entry := StageEntry{Stage: s.stage, Mode: mode, State: "begun"}
		if err := j.Append("stage", entry); err != nil {
			return err
		}
		text, err := s.do(ctx)
		entry.State, entry.Text = "done", text
		switch {
		case err != nil:
			entry.State, entry.Text, entry.Code = "failed", "", marketops.CodeOf(err)
		case s.stage == Execute && mode != marketops.Prod:
			entry.State = "blocked"
		}
		if werr := j.Append("stage", entry); werr != nil {
			return werr
		}
		if err != nil {
			return err
		}
	}
	return nil
}
