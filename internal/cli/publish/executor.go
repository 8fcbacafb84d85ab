package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/inprogress"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// executor is the execute stage of a plan.
type executor struct {
	*publication.Publication
	mode      marketops.Mode
	arg       string
	only      []int // numbers of operations; none: all
	keepGoing bool
	results   []publisher.Result
}

// Execute implements [plan.Executor].
func (w *executor) Execute(ctx context.Context, r *plan.Run) error {
	j, err := r.Journal(time.Now)
	if err != nil {
		return err
	}
	jobs, err := w.Jobs(ctx, j)
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(jobs, func(j *publisher.Job) bool { return !isSelected(w.only, j.Number) })
	if w.mode != marketops.Prod {
		w.results, err = w.publish(ctx, jobs)
		return err
	}
	runs := inprogress.In(w.State)
	again, err := runs.Remember(r)
	if err != nil {
		return err
	}
	if w.results, err = w.publish(ctx, jobs); err != nil {
		return err
	}
	return runs.ForgetEnded(r.Info.RunID, again, len(r.Operations), w.results)
}

func (w *executor) publish(ctx context.Context, jobs []*publisher.Job) ([]publisher.Result, error) {
	if w.keepGoing {
		return w.Publisher.RunEach(ctx, w.mode, jobs)
	}
	return w.Publisher.Run(ctx, w.mode, jobs)
}

type publishView struct {
	Schema      string                      `json:"schema"`
	Run         marketops.RunID             `json:"run"`
	Mode        marketops.Mode              `json:"mode"`
	Operations  []publication.OperationView `json:"operations"`
	NotRecorded int                         `json:"not_recorded"` // records that still wait in the outbox
	Problem     *cli.Problem                `json:"problem"`      // of the whole; null if there is none but the operations'
	Exit        int                         `json:"exit"`
}

// report prints one line per operation and returns the error that decides the exit code.
func (w *executor) report(r *plan.Run, err error) error {
	if len(w.results) == 0 {
		return err
	}
	v := publishView{Schema: "marketops.publish/v1", Run: r.Info.RunID, Mode: w.mode, NotRecorded: w.Publisher.Outbox.Pending()}
	errs := []error{err}
	if err != nil {
		p := cli.ProblemOf(err)
		v.Problem = &p
	}
	for _, res := range w.results {
		w.Print("%s", publication.Line(res, w.arg))
		for _, line := range publication.LookLines(res) {
			w.Print("%s", line)
		}
		v.Operations = append(v.Operations, publication.ViewOf(res))
		errs = append(errs, res.Err)
	}
	if v.NotRecorded > 0 {
		w.Say("not yet recorded: %s in %s, handed over at the next contact", cli.Count(v.NotRecorded, "record"), w.Publisher.Outbox.Dir)
	}
	w.sayRest(err)
	err = cli.Worst(errs)
	v.Exit = cli.ExitCode(err)
	return w.Conclude(v, err)
}

// sayRest says how to publish the operations that passed the gate and were stopped by another one. An interrupt,
// or not being ready, stopped them for its own reason.
func (w *executor) sayRest(err error) {
	var rest []string
	stopped := false
	for _, res := range w.results {
		switch {
		case len(res.Waits) > 0: // it would be refused without the others
		case res.Status == publisher.WouldPublish, res.Status == publisher.NotAttempted && res.Err == nil:
			rest = append(rest, fmt.Sprint(res.Number))
		case res.Status == publisher.NotAttempted, cli.ExitCode(res.Err) == cli.ExitInterrupted:
			return
		case res.Status != receipt.Success:
			stopped = true
		}
	}
	if err == nil && stopped && len(rest) > 0 {
		w.Say("%s passed the gate; without the others: marketops publish %s --mode prod --only %s", cli.Count(len(rest), "operation"), w.arg, strings.Join(rest, ","))
	}
}
