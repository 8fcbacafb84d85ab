package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
)

// refuseRun has the refusal of a run folder that was edited recorded like the gate's, and returns it. There
// is no run to gate, so the folder's own word is taken for which run it is. A rehearsal records nothing.
func (g *globals) refuseRun(ctx context.Context, arg string, o publishOptions, cause error) error {
	var why *marketops.Refusal
	if o.effective() == marketops.DryRun || !errors.Is(cause, marketops.PlanMismatch) || !errors.As(cause, &why) {
		return cause
	}
	state, err := findState()
	if err != nil {
		return errors.Join(cause, err)
	}
	dir, err := plan.FindRun(state, arg)
	if err != nil {
		return errors.Join(cause, err)
	}
	info, digest := plan.Identify(dir)
	s, err := g.connectAs(o.key, "publisher", info.Core)
	if err != nil {
		g.Say("the refusal is not recorded: %v", err)
		return cause
	}
	pub := &publisher.Publisher{Core: s.core, Log: s.view, Trust: s.trust, Signer: s.by, Now: now, Random: rand.Reader,
		Outbox: publisher.Outbox{Dir: filepath.Join(dir, "outbox")}}
	told := *why
	if entry, err := pub.RefuseRun(ctx, info.RunID, digest, why); err != nil {
		told.State = fmt.Sprintf("nothing was sent; the refusal is not yet recorded: %v", err)
	} else {
		told.State = fmt.Sprintf("nothing was sent; the refusal is recorded as leaf %d", entry.Position.Index)
	}
	return &told
}
