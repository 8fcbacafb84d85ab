package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/cedar-policy/cedar-go"

	"github.com/omega/marketops"
)

// Decision is the answer to one [Facts]. The zero value denies.
type Decision struct {
	Allow    bool
	Code     marketops.Code // policy-denied, fact-unobserved or frozen; "" if allowed
	Policies []string       // ids of the deciding policies, in order
	WhyNot   []string       // sentences: what decided and what would flip it; nil if allowed
	Request  []byte         // canonical copy of what was judged, for [ParseRequest]; nil if it could not be made
}

// Decide judges one operation. It always returns: whatever goes wrong is a denial.
func (b *Bundle) Decide(f Facts) Decision {
	d, err := b.decide(f)
	if err != nil {
		return Decision{Code: marketops.PolicyDenied, WhyNot: []string{"the policy could not be evaluated: " + err.Error()}, Request: d.Request}
	}
	return d
}

func (b *Bundle) decide(f Facts) (d Decision, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %.200v", p)
		}
	}()
	if b == nil || b.validate == nil {
		return d, errors.New("no policy is loaded")
	}
	if err := f.check(); err != nil {
		return d, err
	}
	if d.Request, err = f.record(b.digest); err != nil {
		return d, err
	}
	v, err := b.judge(f, all)
	if err != nil {
		return d, err
	}
	d.Policies = v.ids()
	if unmet := b.listUnobserved(f); len(unmet) > 0 {
		d.Code, d.Policies = marketops.FactUnobserved, unmet
		d.WhyNot = []string{fmt.Sprintf("policy %s needs facts that the Core has not read from GitHub itself; set observe: github in core.yaml, where it does not", list(unmet))}
		return d, nil
	}
	if v.allow {
		d.Allow = true
		return d, nil
	}
	d.Code, d.WhyNot = b.explain(f, v)
	return d, nil
}

// verdict is one run of Cedar that ended without any error.
type verdict struct {
	allow   bool
	reasons []cedar.PolicyID // in order
}

func (v verdict) ids() []string {
	out := make([]string, len(v.reasons))
	for i, id := range v.reasons {
		out[i] = string(id)
	}
	return out
}

// judge asks Cedar about facts under the policies that pass the filter. It allows only what is
// valid, free of errors and has a reason. Where nothing was observed a permit that asks for observed facts permits
// nothing, also where it asks for their absence.
func (b *Bundle) judge(f Facts, use func(note) bool) (verdict, error) {
	req, entities := b.build(f)
	if err := b.validate.Request(req); err != nil {
		return verdict{}, fmt.Errorf("the request does not fit the schema: %w", err)
	}
	if err := b.validate.Entities(entities); err != nil {
		return verdict{}, fmt.Errorf("the entities do not fit the schema: %w", err)
	}
	policies := cedar.PolicyMap{}
	for id, p := range b.policies {
		if n := b.notes[id]; use(n) && (f.Observed != nil || n.forbid || !n.asks) {
			policies[id] = p
		}
	}
	decision, diag := cedar.Authorize(policies, entities, req)
	if len(diag.Errors) > 0 {
		return verdict{}, firstFailure(diag.Errors)
	}
	v := verdict{}
	for _, r := range diag.Reasons {
		v.reasons = append(v.reasons, r.PolicyID)
	}
	slices.Sort(v.reasons)
	v.allow = decision == cedar.Allow && len(v.reasons) > 0
	return v, nil
}

// firstFailure names the first policy, by id, whose evaluation failed: Cedar's own order is random.
func firstFailure(errs []cedar.DiagnosticError) error {
	first := slices.MinFunc(errs, func(a, b cedar.DiagnosticError) int { return cmp.Compare(a.PolicyID, b.PolicyID) })
	return fmt.Errorf("policy %s failed: %.200s", first.PolicyID, first.Message)
}

func all(note) bool { return true }

func isLive(n note) bool { return !n.frozen }

// listUnobserved returns the policies in whose scope unobserved facts lie: those with @needs("observed"), and each forbid that
// asks for observed facts. It would be silent without them, and silence would be permission.
func (b *Bundle) listUnobserved(f Facts) []string {
	if f.Observed != nil || len(b.needs) == 0 {
		return nil
	}
	req, entities := b.build(f)
	_, diag := cedar.Authorize(b.needs, entities, req)
	var out []string
	for _, r := range diag.Reasons {
		out = append(out, string(r.PolicyID))
	}
	for _, e := range diag.Errors {
		out = append(out, string(e.PolicyID))
	}
	return set(out)
}
