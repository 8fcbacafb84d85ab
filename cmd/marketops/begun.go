package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// inProgress remembers which runs this state folder began to publish and did not bring to an end, so
// that whoever publishes or reconciles next finds them wherever their folders lie: one file a run,
// named by its id, that holds the path of its folder. It is a help and no authority: what became of
// an operation is asked of the Core and of GitHub.
type inProgress string

func begunIn(state string) inProgress { return inProgress(filepath.Join(state, "begun")) }

// remember is called before the first claim. It reports whether an earlier try had left the run.
func (b inProgress) remember(r *plan.Run) (again bool, err error) {
	file := filepath.Join(string(b), string(r.Info.RunID))
	_, err = os.Lstat(file)
	again = err == nil
	if err := durable.Write(file, []byte(r.Dir+"\n")); err != nil {
		return again, &marketops.Failure{Code: marketops.StateMissing, What: "it cannot be noted that the run begins", Err: err,
			State: "nothing was sent", Next: "mend the state folder or its disk, then type the same command again"}
	}
	return again, nil
}

// ended forgets a run that has just been published, unless something of it may be open: with what an
// earlier try left, only outcomes say that there is nothing.
func (b inProgress) ended(run marketops.RunID, again bool, results []publisher.Result) error {
	for _, res := range results {
		switch res.Status {
		case receipt.Success, receipt.Failed, receipt.Rejected, receipt.Unknown:
		case "not-attempted", "refused":
			if again {
				return nil
			}
		default:
			return nil
		}
	}
	return b.forget(run)
}

func (b inProgress) forget(run marketops.RunID) error {
	err := os.Remove(filepath.Join(string(b), string(run)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// folders returns where the runs lie, by their ids.
func (b inProgress) folders() (map[marketops.RunID]string, error) {
	list, err := os.ReadDir(string(b))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	out := map[marketops.RunID]string{}
	for _, e := range list {
		id := marketops.RunID(e.Name())
		if !id.Valid() {
			continue // the part of a write that was cut off
		}
		path, rerr := readBounded(filepath.Join(string(b), e.Name()), 1<<16)
		err = errors.Join(err, rerr)
		out[id] = strings.TrimSuffix(string(path), "\n")
	}
	return out, err
}

// recoverWait is how long one interrupted run may hold up another: GitHub may ask for an hour.
const recoverWait = 30 * time.Second

// recover looks after the runs that were interrupted, before another one begins: what GitHub shows
// decides, and is recorded. It writes nothing to GitHub. A run on which another process works is
// left to it, and one that cannot be settled now stands in nobody's way but its own resource's.
func (g *globals) recover(ctx context.Context, state string, except marketops.RunID) error {
	left, err := begunIn(state).folders()
	if err != nil {
		return err
	}
	delete(left, except)
	for run, dir := range left {
		if err := g.recoverRun(ctx, run, dir); cli.ExitCode(err) == cli.ExitMisbehaviour {
			return err
		} else if ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			g.Say("run %s was interrupted and is still open: %s; next: marketops reconcile %s", run, err, dir)
		}
	}
	return nil
}

func (g *globals) recoverRun(ctx context.Context, run marketops.RunID, dir string) error {
	quiet := *g.Streams // its results are not those of the command that was typed
	quiet.Out, quiet.JSON = quiet.Err, false
	if quiet.Quiet {
		quiet.Out = io.Discard
	}
	ctx, cancel := context.WithTimeoutCause(ctx, recoverWait, errors.New("it takes too long to find out now"))
	defer cancel()
	g.Say("run %s was interrupted: looking what became of it", run)
	_, err := (&globals{Streams: &quiet, core: g.core, trust: g.trust}).reconcileRun(ctx, dir, "", "")
	if errors.Is(err, marketops.OperationInFlight) {
		return nil
	}
	if cause := context.Cause(ctx); err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return cause
	}
	return err
}
