package publisher

import (
	"context"
	"time"

	"github.com/omega/marketops"
)

// Null is the port of a dry run: it knows which calls would be made and can make none, for it
// holds no client that could write and not the credential that writes.
type Null struct {
	Calls func(marketops.Operation) []marketops.Call
	Looks func(context.Context, marketops.Operation, []int64, time.Duration) Looks // nil: it looks at nothing
}

var _ SideEffectPort = Null{}

// Preview implements [SideEffectPort].
func (n Null) Preview(op marketops.Operation) []marketops.Call { return n.Calls(op) }

// Look implements [SideEffectPort].
func (n Null) Look(ctx context.Context, op marketops.Operation, drafts []int64, lasts time.Duration) Looks {
	if n.Looks == nil {
		return Looks{notLooked("a dry run does not look")}
	}
	return n.Looks(ctx, op, drafts, lasts)
}

// Apply implements [SideEffectPort] and always refuses, whatever the permit.
func (Null) Apply(context.Context, *Permit, Journal) (Evidence, error) {
	return Evidence{}, marketops.Refuse(marketops.ModeNotProd, "this is a dry run")
}

// Observe implements [SideEffectPort]: it has not looked.
func (Null) Observe(context.Context, marketops.Operation, []int64) (Observation, error) {
	return Observation{State: Indeterminate, Detail: "a dry run does not look"}, nil
}
