package publish

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/inprogress"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/internal/cli/reconcile"
)

// recoverWait is how long one interrupted run may hold up another: GitHub may ask for an hour.
const recoverWait = 30 * time.Second

// recoverAll looks after the runs that were interrupted, before another one begins: what GitHub shows
// decides, and is recorded. It writes nothing to GitHub. A run on which another process works is
// left to it, and one that cannot be settled now blocks only its own resource.
func recoverAll(ctx context.Context, e *env.Env, state string, except marketops.RunID) error {
	left, err := inprogress.In(state).Folders()
	if err != nil {
		return err
	}
	delete(left, except)
	for run, dir := range left {
		if err := recoverRun(ctx, e, run, dir); cli.ExitCode(err) == cli.ExitMisbehaviour {
			return err
		} else if ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			e.Say("run %s was interrupted and is still open: %s; next: marketops reconcile %s", run, err, dir)
		}
	}
	return nil
}

func recoverRun(ctx context.Context, e *env.Env, run marketops.RunID, dir string) error {
	quiet := *e.Streams // its results are not those of the command that was typed
	quiet.Out, quiet.JSON = quiet.Err, false
	if quiet.Quiet {
		quiet.Out = io.Discard
	}
	ctx, cancel := context.WithTimeoutCause(ctx, recoverWait, errors.New("it takes too long to find out now"))
	defer cancel()
	e.Say("run %s was interrupted: looking what became of it", run)
	apart := env.Env{Streams: &quiet, CoreFlag: e.CoreFlag, TrustFlag: e.TrustFlag}
	_, err := reconcile.Run(ctx, &apart, dir, publication.Options{})
	if errors.Is(err, marketops.OperationInFlight) {
		return nil
	}
	if cause := context.Cause(ctx); err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return cause
	}
	return err
}
