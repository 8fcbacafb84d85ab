package publisher

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// Look is the answer to one question that can be asked before a receipt is claimed, about GitHub or about
// the time that is left. The zero value is no answer.
type Look struct {
	Name   string           `json:"name"` // what was looked at, such as "tag"
	Status marketops.Status `json:"status"`
	Code   marketops.Code   `json:"code,omitzero"` // of one that failed, or that GitHub did not answer
	Detail string           `json:"detail,omitzero"`
	Next   string           `json:"next,omitzero"` // what helps, where GitHub's answer says it
}

// Looks are the answers of [SideEffectPort.Look], in order. An empty list says nothing.
type Looks []Look

// Failure returns the first that failed.
func (ls Looks) Failure() (Look, bool) {
	for _, l := range ls {
		if l.Status == marketops.Fail {
			return l, true
		}
	}
	return Look{}, false
}

// Passed reports whether everything was looked at and is as planned.
func (ls Looks) Passed() bool {
	for _, l := range ls {
		if l.Status != marketops.Pass {
			return false
		}
	}
	return len(ls) > 0
}

// Unreached returns the look that found no GitHub at all.
func (ls Looks) Unreached() (Look, bool) {
	for _, l := range ls {
		if l.Name == LookRepository && l.Status == marketops.NotRun && l.Code != "" {
			return l, true
		}
	}
	return Look{}, false
}

// LookRepository is the name of the look on which all further ones at GitHub rest.
const LookRepository = "repository"

const unclaimed = "nothing was claimed or sent; the receipt is kept"

// tryOut is the end of a trial run for an operation that would pass the gate.
func (p *Publisher) tryOut(ctx context.Context, g *Gated, res *Result) {
	looks, err := p.look(ctx, g)
	if err != nil {
		looks = Looks{notLooked(err.Error())}
	}
	res.Looks = looks
	if ctx.Err() != nil {
		res.Status, res.Err = NotAttempted, ctx.Err()
	} else if bad, failed := looks.Failure(); failed {
		res.Status, res.Err = Refused, g.lookRefusal(bad, "nothing was sent")
	} else if !looks.Passed() {
		res.Status = GatePassed
	}
}

func notLooked(why string) Look {
	return Look{Name: LookRepository, Status: marketops.NotRun, Detail: why}
}

// lookAndPublish looks at GitHub before the receipt is claimed, so that what is in the way uses up
// nothing, and publishes if nothing is. What cannot be read the port reads again.
func (p *Publisher) lookAndPublish(ctx context.Context, g *Gated) Result {
	res := Result{Number: g.Job.Number, Op: g.Job.Op, Checks: g.Checks, Status: NotAttempted}
	if res.Looks, res.Err = p.look(ctx, g); res.Err != nil {
		return res
	}
	if res.Err = ctx.Err(); res.Err != nil {
		return res
	}
	if bad, failed := res.Looks.Failure(); failed {
		res.Status, res.Err = Refused, g.lookRefusal(bad, unclaimed)
		return res
	}
	if l, unreached := res.Looks.Unreached(); unreached {
		res.Status, res.Err = Open, &marketops.Failure{Code: l.Code, What: l.Detail, State: unclaimed, Next: "wait, then type the same command again"}
		return res
	}
	done := p.Publish(ctx, g)
	done.Looks = res.Looks
	return done
}

// look asks the port, unless an earlier attempt under the receipt may have reached GitHub: then what is there may be
// its own, and the port itself looks once it continues.
func (p *Publisher) look(ctx context.Context, g *Gated) (Looks, error) {
	body := g.record.Body.(*receipt.Receipt)
	state, err := p.Core.ClaimState(ctx, body.ReceiptID)
	if err != nil {
		return nil, err
	}
	if state.State == api.StateExecuting || len(state.Earlier) > 0 {
		return Looks{notLooked("an earlier attempt may have reached GitHub; publishing continues it")}, nil
	}
	p.tell(g.Job, "S0 look", "before the receipt is claimed")
	lasts := time.Duration(body.ExpiresAt-gate.Epsilon-p.Now()) * time.Second
	return p.Port.Look(ctx, g.Job.Op, state.Drafts, lasts), nil
}

// lookRefusal is the refusal by a look that failed.
func (g *Gated) lookRefusal(l Look, state string) *marketops.Refusal {
	what := fmt.Sprintf("operation %d (%s %s), %s: %s", g.Job.Number, g.Job.Op.Kind, g.Job.Op.Target.FullName, l.Name, l.Detail)
	return &marketops.Refusal{Code: l.Code, What: what, State: state, Next: cmp.Or(l.Next, afterLook[l.Code])}
}

// afterLook is what to do where the receipt is still good; "" is the code's own text.
var afterLook = map[marketops.Code]string{
	marketops.GitHubDenied:   "fix what GitHub names, then type the same command again",
	marketops.GitHubConflict: "look at it; remove it and type the same command again, or choose a new version number",
}
