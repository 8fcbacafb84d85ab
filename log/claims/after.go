package claims

import (
	"fmt"

	"github.com/omega/marketops"
)

// Prerequisite is an operation of the same run that must succeed before another one is claimed.
type Prerequisite struct {
	Operation marketops.Digest
	Title     string // names it for people: "operation 1 (tag_repo octo-org/gadgets refs/tags/v1)"
}

// judgeAfter demands that each prerequisite has succeeded in the same run, under any receipt, and that the log shows
// it: then every claim that follows gets a higher index.
func (t *tx) judgeAfter(n NewClaim) error {
	for _, p := range n.After {
		_, found, err := t.find(`run_id = ? AND op_digest = ? AND outcome = 'success' AND outcome_index IS NOT NULL AND
			(resolution IS NULL OR EXISTS(SELECT 1 FROM frozen WHERE digest = claim.resolution AND log_index IS NOT NULL))`, string(n.Run), p.Operation[:])
		if err != nil {
			return err
		}
		if !found {
			return t.prerequisiteError(n.Run, p)
		}
	}
	return nil
}

// prerequisiteError says how far a prerequisite has come.
func (t *tx) prerequisiteError(run marketops.RunID, p Prerequisite) error {
	rows, err := t.findAll(`run_id = ? AND op_digest = ? ORDER BY receipt_id`, string(run), p.Operation[:])
	if err != nil {
		return err
	}
	is := "was not published yet"
	for _, c := range rows {
		switch {
		case c.Outcome == Success:
			is = "succeeded, and the log does not show it yet"
		case c.Outcome == Unknown:
			is = "has an unknown outcome, which a person must resolve first"
		case c.open():
			is = "is being published"
		default:
			is = fmt.Sprintf("is %s as %s", c.State, c.Outcome)
			if c.State == Revoked {
				is = "was revoked"
			}
			continue
		}
		break
	}
	return &marketops.Refusal{Code: marketops.PrerequisiteOpen, What: p.Title + " must succeed first, and " + is,
		State: "nothing was sent; the receipt is unused"}
}
