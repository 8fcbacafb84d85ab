package federation

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// RequireNoVeto refuses with [marketops.RejectedByApprover] if one of the votes on a run is a rejection by a
// person of a group of the trust file's minimum for the operation.
func RequireNoVeto(t *trust.Trust, op marketops.Operation, votes []gate.Vote) error {
	tally := gate.Tally{Kind: op.Kind, Target: op.Target, Minimum: t.Minimum(op.Kind, op.Target)}
	for _, v := range votes {
		tally.Add(v, false)
	}
	for _, c := range tally.Checks() {
		if c.Code == marketops.RejectedByApprover && c.Status != marketops.Pass {
			return RejectedError(fmt.Sprintf("%s on %s: the run was rejected by %s, of a group that must approve it", op.Kind, op.Target.FullName, c.Detail))
		}
	}
	return nil
}

// RejectedError says what a veto stopped before anything was sent.
func RejectedError(what string) error {
	return &marketops.Refusal{Code: marketops.RejectedByApprover, What: what,
		State: "nothing was sent; no receipt of this run can be used any more for what the rejection stops",
		Next:  "talk to the person who rejected it; then plan again for a new run: marketops plan"}
}
