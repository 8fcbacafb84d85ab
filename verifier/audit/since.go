package audit

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
)

// earlier proves that the log extends the checkpoint that the caller kept. Two checkpoints that no
// one log can have are handed to [Options.Fork]: with the log's signature under both, they are
// evidence for anybody.
func (a *audit) earlier() bool {
	old, err := a.trust.Log().Open(a.options.Since)
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
		if verifier.Misbehaved(marketops.CodeOf(err)) && a.options.Fork != nil {
			a.options.Fork(Evidence(old, cp, marketops.CodeOf(err)))
		}
		return false
	}
	a.since, a.increment = old, map[string]uint64{}
	a.report.Since = &verifier.Checkpoint{Origin: old.Origin, Size: old.Size, Root: old.Root, Quorum: a.trust.Log().Quorum()}
	a.report.Pass(CheckSince, "", fmt.Sprintf("%s is extended; %d entries are new", subject, cp.Size-old.Size))
	return true
}

// Evidence returns a document with two signed checkpoints that contradict each other.
func Evidence(old, now *log.Checkpoint, code marketops.Code) []byte {
	b, err := canon.Encode(struct {
		Schema string         `json:"schema"` // "marketops.fork/v1"
		Code   marketops.Code `json:"code"`
		Old    string         `json:"old"` // signed notes as they came
		New    string         `json:"new"`
	}{"marketops.fork/v1", code, string(old.Raw), string(now.Raw)})
	if err != nil {
		return append(append([]byte{}, old.Raw...), now.Raw...) // notes are UTF-8, so this does not happen
	}
	return append(b, '\n')
}
