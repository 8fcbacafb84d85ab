package audit

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/verifier"
)

// checkSince proves that the log extends the checkpoint that the caller kept. Two checkpoints that no
// one log can have stand in the report as a [verifier.Fork]: with the log's signature under both, they
// are evidence for anybody. What was accepted before there were witnesses needs none.
func (a *audit) checkSince() bool {
	old, err := a.trust.Log().OpenUnwitnessed(a.options.Since)
	if err != nil {
		a.failErr(CheckSince, "", fmt.Errorf("the earlier checkpoint: %w", err))
		return false
	}
	cp := a.tree.Checkpoint()
	subject := fmt.Sprintf("%s at size %d", old.Origin, old.Size)
	if old.Origin != cp.Origin {
		a.fail(verifier.Check{Name: CheckSince, Subject: subject, Code: marketops.ConfigInvalid, Expected: cp.Origin, Got: old.Origin, Detail: "the earlier checkpoint is of another log"})
		return false
	}
	if _, err := a.tree.Consistency(old); err != nil {
		a.failErr(CheckSince, subject, err)
		if verifier.Misbehaved(marketops.CodeOf(err)) {
			a.report.Fork = &verifier.Fork{Held: string(old.Raw), Given: string(cp.Raw)}
		}
		return false
	}
	a.since, a.increment = old, map[string]uint64{}
	a.report.Since = &verifier.Checkpoint{Origin: old.Origin, Size: old.Size, Root: old.Root, Quorum: a.trust.Log().Quorum()}
	a.report.Pass(CheckSince, "", fmt.Sprintf("%s is extended; %d entries are new", subject, cp.Size-old.Size))
	return true
}
