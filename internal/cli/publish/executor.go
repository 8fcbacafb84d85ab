package publish

import (
	"context"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/inprogress"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
)

// executor is the execute stage of a plan.
type executor struct {
	*publication.Publication
	mode    marketops.Mode
	arg     string
	results []publisher.Result
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
	if w.mode != marketops.Prod {
		w.results, err = w.Publisher.Run(ctx, w.mode, jobs)
		return err
	}
	runs := inprogress.In(w.State)
	again, err := runs.Remember(r)
	if err != nil {
		return err
	}
	if w.results, err = w.Publisher.Run(ctx, w.mode, jobs); err != nil {
		return err
	}
	return runs.ForgetEnded(r.Info.RunID, again, w.results)
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
	err = cli.Worst(errs)
	v.Exit = cli.ExitCode(err)
	return w.Conclude(v, err)
}
