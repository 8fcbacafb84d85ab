package publisher

import (
	"context"

	"github.com/omega/marketops"
)

// Null is the port of a dry run: it knows which calls would be made and can make none, for it
// holds no client and no credential.
type Null struct {
	Calls func(marketops.Operation) []marketops.Call
}

var _ SideEffectPort = Null{}

// Preview implements [SideEffectPort].
func (n Null) Preview(op marketops.Operation) []marketops.Call { return n.Calls(op) }

// Apply implements [SideEffectPort] and always refuses, whatever the permit.
func (Null) Apply(context.Context, *Permit, Journal) (Evidence, error) {
	return Evidence{}, marketops.Refuse(marketops.ModeNotProd, "this is a dry run")
}

// Observe implements [SideEffectPort]: it has not looked.
func (Null) Observe(context.Context, marketops.Operation) (Observation, error) {
	return Observation{State: Indeterminate, Detail: "a dry run does not look"}, nil
}
