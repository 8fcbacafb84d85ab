// Package check is the command receipt check.
package check

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/progress"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/publisher"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	publication.Options
	Run     string
	Numbers []string // of an operation, at most one; none: all of the run
	Assets  string   // folder to take the files from; "": where they were planned
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "check RUN [OPERATION]",
		Short: "Ask every question of the gate, without GitHub and without spending anything",
		Long: `Run the whole gate as "publish --mode prod" would, and print each check. GitHub is not called, nothing
is claimed and nothing is logged. Exit code 10 if any check fails.`,
		Args: cli.Args(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			o.Run, o.Numbers = args[0], args[1:]
			return run(c.Context(), e, o)
		},
	}
	o.Bind(c.Flags())
	c.Flags().StringVar(&o.Assets, "assets", "", "folder to take the files from (default: where they were planned)")
	return c
}

type operationView struct {
	Number int               `json:"number"`
	Passed bool              `json:"passed"`
	Checks []marketops.Check `json:"checks"`
}

type checkView struct {
	Schema     string          `json:"schema"`
	Run        marketops.RunID `json:"run"`
	Operations []operationView `json:"operations"`
	Exit       int             `json:"exit"`
}

func run(ctx context.Context, e *env.Env, o Options) error {
	r, err := runfolder.Find(o.Run)
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := publication.New(e, r, o.Options, marketops.DryRun, &progress.Bars{})
	if err != nil {
		return err
	}
	if o.Assets != "" {
		r.UseAssets(o.Assets)
	}
	j, err := r.Journal(time.Now)
	if err != nil {
		return err
	}
	jobs, err := p.Jobs(ctx, j)
	if err != nil {
		return err
	}
	if jobs, err = choose(jobs, o.Numbers); err != nil {
		return err
	}
	return gateAll(ctx, p, jobs, r.Info.RunID)
}

func choose(jobs []*publisher.Job, numbers []string) ([]*publisher.Job, error) {
	if len(numbers) == 0 {
		return jobs, nil
	}
	n, err := strconv.Atoi(numbers[0])
	if err != nil || n < 1 || n > len(jobs) {
		return nil, &cli.UsageError{Err: fmt.Errorf("%q is not an operation of this run: 1 to %d", numbers[0], len(jobs))}
	}
	return jobs[n-1 : n], nil
}

func gateAll(ctx context.Context, p *publication.Publication, jobs []*publisher.Job, run marketops.RunID) error {
	v := checkView{Schema: "marketops.receipt-check/v1", Run: run}
	var errs []error
	for _, job := range jobs {
		gated, err := p.Publisher.Gate(ctx, marketops.Prod, job)
		if err != nil {
			return err
		}
		p.Print("operation %d: %s %s %s", job.Number, job.Op.Kind, job.Op.Target.FullName, job.Op.Resource())
		p.Table(checkRows(gated.Checks))
		v.Operations = append(v.Operations, operationView{job.Number, gated.Passed(), gated.Checks})
		if !gated.Passed() {
			errs = append(errs, gated.Refusal())
		}
	}
	err := errors.Join(cli.Worst(errs))
	v.Exit = cli.ExitCode(err)
	return p.Conclude(v, err)
}

func checkRows(checks []marketops.Check) [][]string {
	sign := map[marketops.Status]string{marketops.Pass: "✓", marketops.Fail: "✗", marketops.NotRun: "·"}
	var rows [][]string
	for _, c := range checks {
		detail := c.Detail
		if c.Status == marketops.Fail && (c.Expected != "" || c.Got != "") {
			detail = fmt.Sprintf("%s (authorised %s, found %s)", detail, c.Expected, c.Got)
		}
		rows = append(rows, []string{"  " + sign[c.Status], string(c.Code), string(c.Status), detail})
	}
	return rows
}
