package publish

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
)

// refuseRun has the refusal of a run folder that was edited recorded like the gate's, and returns it. There
// is no run to gate, so the folder's own word is taken for which run it is. A trial run records nothing.
func refuseRun(ctx context.Context, e *env.Env, o Options, cause error) error {
	var why *marketops.Refusal
	if o.effective() == marketops.DryRun || !errors.Is(cause, marketops.PlanMismatch) || !errors.As(cause, &why) {
		return cause
	}
	state, err := env.State()
	if err != nil {
		return errors.Join(cause, err)
	}
	dir, err := plan.FindRun(state, o.Run)
	if err != nil {
		return errors.Join(cause, err)
	}
	info, digest := plan.Identify(dir)
	s, err := session.ConnectAs(e, o.Key, "publisher", info.Core)
	if err != nil {
		e.Say("the refusal is not recorded: %v", err)
		return cause
	}
	pub := &publisher.Publisher{Core: s.Core, Log: s.View, Trust: s.Trust, Signer: s.By, Now: cli.Now, Random: rand.Reader,
		Outbox: publisher.Outbox{Dir: filepath.Join(dir, "outbox")}}
	told := *why
	if entry, err := pub.RefuseRun(ctx, info.RunID, digest, why); err != nil {
		told.State = fmt.Sprintf("nothing was sent; the refusal is not yet recorded: %v", err)
	} else {
		told.State = fmt.Sprintf("nothing was sent; the refusal is recorded as leaf %d", entry.Position.Index)
	}
	return &told
}
