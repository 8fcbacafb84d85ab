package plan

import (
	"context"
	"fmt"
	"time"

	"github.com/omega/marketops"
)

// Executor carries out the operations of a run. It owns the gate: nothing here has asked for
// receipts, and nothing here lets it skip one.
type Executor interface {
	Execute(context.Context, *Run) error
}

// Resume walks the seven stages of a publication over a sealed run: the folder is read again
// and compared with what r holds, the files are copied and measured, and exec does the rest.
// It can be repeated after a crash. Files that differ do not end it, because the gate must say
// which and record it. What exec returns is returned.
//
// Codes of its own: [marketops.PlanMismatch] if the folder changed, [marketops.NothingSelected]
// for a plan without operations, [marketops.OperationInFlight] while another process does this.
func Resume(ctx context.Context, r *Run, exec Executor, now func() time.Time) error {
	if r == nil || exec == nil || now == nil {
		return marketops.Refuse(marketops.StateMissing, "there is no run, or nobody to carry it out")
	}
	j, err := r.Journal(now)
	if err != nil {
		return err
	}
	s := &resumption{run: r, exec: exec}
	err = walk(ctx, j, marketops.Prod, []step{
		{Discover, s.discover}, {Select, s.choose}, {Verify, s.verify}, {Evaluate, s.evaluate},
		{PlanStage, s.plan}, {Execute, s.execute},
	})
	return seal(ctx, j, err)
}

type resumption struct {
	run   *Run
	again *Run
	exec  Executor
}

func (s *resumption) discover(context.Context) (string, error) {
	again, err := Open(s.run.Dir)
	if err != nil {
		return "", err
	}
	s.again = again
	return "run " + string(again.Info.RunID), again.Close()
}

func (s *resumption) choose(context.Context) (string, error) {
	n := len(s.run.Operations)
	if n == 0 {
		return "", marketops.Refuse(marketops.NothingSelected, "the plan has no operations")
	}
	return fmt.Sprintf("%d operations", n), nil
}

func (s *resumption) verify(ctx context.Context) (string, error) {
	files, equal := 0, 0
	for i := range s.run.Operations {
		list, err := s.run.Content(ctx, i+1)
		if err != nil {
			return "", err
		}
		for _, c := range list {
			if files++; c.Measured == c.Planned {
				equal++
			}
		}
	}
	return fmt.Sprintf("%d of %d files are as planned", equal, files), nil
}

func (s *resumption) evaluate(context.Context) (string, error) {
	_, err := s.again.Plan.Open(s.run.Documents)
	return "the documents fit the plan", err
}

func (s *resumption) plan(context.Context) (string, error) {
	if s.again.PlanDigest != s.run.PlanDigest || s.again.Info != s.run.Info {
		return "", mismatch("the run folder changed while it was open", nil)
	}
	return s.run.PlanDigest.String(), nil
}

func (s *resumption) execute(ctx context.Context) (string, error) {
	return "the publisher has answered", s.exec.Execute(ctx, s.run)
}

// seal records the end, whatever it is; it never hides the error that led to it.
func seal(ctx context.Context, j *Journal, ended error) error {
	err := walk(ctx, j, marketops.Prod, []step{{Seal, func(context.Context) (string, error) {
		if ended != nil {
			return "ended before all was done: " + string(marketops.CodeOf(ended)), nil
		}
		return "ended; the publisher has answered", nil
	}}})
	if ended != nil {
		return ended
	}
	return err
}
