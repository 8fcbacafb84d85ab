package publisher_test

import (
	"context"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/publisher"
)

// liar is a Core, or somebody on its socket, whose answers are not what happened.
type liar struct {
	publisher.Core
	claim   func(api.Claimed) api.Claimed
	entry   func(api.Entry) api.Entry // of the intent
	outcome func(api.Entry) api.Entry
	checks  func(marketops.Checks) marketops.Checks
}

func (l liar) Check(ctx context.Context, w api.ClaimWanted) (marketops.Checks, error) {
	c, err := l.Core.Check(ctx, w)
	if l.checks != nil {
		c = l.checks(c)
	}
	return c, err
}

func (l liar) Claim(ctx context.Context, w api.ClaimWanted) (api.Claimed, error) {
	c, err := l.Core.Claim(ctx, w)
	if err == nil && l.claim != nil {
		c = l.claim(c)
	}
	return c, err
}

func (l liar) Intent(ctx context.Context, env []byte) (api.Entry, error) {
	e, err := l.Core.Intent(ctx, env)
	if err == nil && l.entry != nil {
		e = l.entry(e)
	}
	return e, err
}

func (l liar) Outcome(ctx context.Context, d api.Decided) (api.Entry, error) {
	e, err := l.Core.Outcome(ctx, d)
	if err == nil && l.outcome != nil {
		e = l.outcome(e)
	}
	return e, err
}

// TestLyingCore: nothing that the Core says is believed where the log can be asked. Each lie
// before the door stops the publication with nothing sent; the truth afterwards publishes.
func TestLyingCore(t *testing.T) {
	s := newStage(t)
	other := s.authorised(s.tagOp())
	q := other.sit("pub", other.folder())
	defer q.leave()
	foreign, err := q.Core.Claim(context.Background(), api.ClaimWanted{Receipt: other.plan.Receipt(0).ReceiptID, Run: other.plan.ID,
		Operation: other.plan.Digests[0], Publisher: s.Keys["pub"].Public().ID(), Trust: 1})
	s.ok(err)
	for name, l := range map[string]liar{
		"no answer at all":       {claim: func(api.Claimed) api.Claimed { return api.Claimed{} }},
		"another receipt":        {claim: func(api.Claimed) api.Claimed { return foreign }},
		"another record":         {claim: func(c api.Claimed) api.Claimed { c.Entry = foreign.Entry; return c }},
		"another epoch":          {claim: func(c api.Claimed) api.Claimed { c.Claim.Epoch++; return c }},
		"another owner":          {claim: func(c api.Claimed) api.Claimed { c.Claim.Owner = s.Keys["pub2"].Public().ID(); return c }},
		"decided":                {claim: func(c api.Claimed) api.Claimed { c.Claim.State = "decided"; return c }},
		"the claim is elsewhere": {claim: func(c api.Claimed) api.Claimed { c.Entry.Position.Index--; return c }},
		"another log":            {claim: func(c api.Claimed) api.Claimed { c.Entry.Position.Origin = "log.example.com"; return c }},
		"another leaf":           {entry: func(e api.Entry) api.Entry { e.Leaf[0]++; return e }},
		"the intent's elsewhere": {entry: func(e api.Entry) api.Entry { e.Position.Index--; return e }},
		"no checks":              {checks: func(marketops.Checks) marketops.Checks { return nil }},
		"a check too few":        {checks: func(c marketops.Checks) marketops.Checks { return c.Without(marketops.PolicySuperseded) }},
		"an answer of its own": {checks: func(c marketops.Checks) marketops.Checks {
			return c.With(marketops.Check{Code: marketops.Revoked, Status: "perhaps"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.authorised(s.tagOp())
			dir := r.folder()
			p := r.sit("pub", dir)
			l.Core = p.Core
			p.Core = l
			results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
			p.leave()
			if err != nil || results[0].Status != "not-attempted" && results[0].Status != "refused" || results[0].Err == nil {
				t.Errorf("%+v, %v", results, err)
			}
			if len(s.visible(r.plan.Ops[0])) != 0 || r.used.Load() != 0 {
				t.Errorf("%q became visible, %d writes were begun", s.visible(r.plan.Ops[0]), r.used.Load())
			}
			if results, err := r.publish("pub", dir); err != nil || results[0].Status != "success" {
				t.Fatalf("control: %+v, %v", results, err)
			}
			r.shipped(0)
		})
	}
}

// TestSwallowedOutcome: a Core that says where an outcome stands, and it does not, is not
// believed; the record stays in the outbox.
func TestSwallowedOutcome(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	dir := r.folder()
	p := r.sit("pub", dir)
	p.Core = liar{Core: p.Core, outcome: func(e api.Entry) api.Entry { e.Position.Index = 0; return e }}
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if results[0].Status != "open" || p.Outbox.Pending() != 1 {
		t.Errorf("%+v, %d wait", results[0], p.Outbox.Pending())
	}
	world.WantCode(t, results[0].Err, marketops.InclusionInvalid)
	p.leave()
	results, err = r.publish("pub", dir)
	s.ok(err)
	if results[0].Status != "success" || !results[0].Already {
		t.Errorf("%+v", results[0])
	}
	r.shipped(0)
}
