package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/publisher"
	"github.com/spf13/cobra"
)

func newReceiptCheck(g *globals) *cobra.Command {
	var o publishOptions
	c := &cobra.Command{
		Use:   "check RUN [OPERATION]",
		Short: "Ask every question of the gate, without GitHub and without spending anything",
		Long: `Run the whole gate as "publish --mode prod" would, and print each check. GitHub is not called, nothing
is claimed and nothing is logged. Exit code 10 if any check fails.`,
		Args: cli.Args(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error { return g.checkReceipts(c.Context(), args, o) },
	}
	c.Flags().StringVar(&o.key, "key", "", "the publisher's private key: a file or env://NAME (default: .marketops/keys/publisher.pem)")
	c.Flags().StringVarP(&o.config, "config", "c", "", "where GitHub is (default: the file the run was planned from)")
	c.Flags().StringVar(&o.assets, "assets", "", "folder to take the files from (default: where they were planned)")
	return c
}

type checkedView struct {
	Number int               `json:"number"`
	Passed bool              `json:"passed"`
	Checks []marketops.Check `json:"checks"`
}

type checkView struct {
	Schema     string          `json:"schema"`
	Run        marketops.RunID `json:"run"`
	Operations []checkedView   `json:"operations"`
	Exit       int             `json:"exit"`
}

func (g *globals) checkReceipts(ctx context.Context, args []string, o publishOptions) error {
	r, err := openRun(args[0])
	if err != nil {
		return err
	}
	defer r.Close()
	s, pub, err := g.publishing(r, o.key, o.config, marketops.DryRun, &bars{})
	if err != nil {
		return err
	}
	if o.assets != "" {
		r.UseAssets(o.assets)
	}
	j, err := r.Journal(time.Now)
	if err != nil {
		return err
	}
	jobs, err := s.jobs(ctx, r, j, &bars{})
	if err != nil {
		return err
	}
	if jobs, err = chosen(jobs, args[1:]); err != nil {
		return err
	}
	return s.gateAll(ctx, pub, jobs, r.Info.RunID)
}

func chosen(jobs []*publisher.Job, args []string) ([]*publisher.Job, error) {
	if len(args) == 0 {
		return jobs, nil
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 1 || n > len(jobs) {
		return nil, &cli.UsageError{Err: fmt.Errorf("%q is not an operation of this run: 1 to %d", args[0], len(jobs))}
	}
	return jobs[n-1 : n], nil
}

func (s *session) gateAll(ctx context.Context, pub *publisher.Publisher, jobs []*publisher.Job, run marketops.RunID) error {
	v := checkView{Schema: "marketops.receipt-check/v1", Run: run}
	var errs []error
	for _, job := range jobs {
		gated, err := pub.Gate(ctx, marketops.Prod, job)
		if err != nil {
			return err
		}
		s.Print("operation %d: %s %s %s", job.Number, job.Op.Kind, job.Op.Target.FullName, job.Op.Resource())
		s.Table(checkRows(gated.Checks))
		v.Operations = append(v.Operations, checkedView{job.Number, gated.Passed(), gated.Checks})
		if !gated.Passed() {
			errs = append(errs, gated.Refusal())
		}
	}
	err := errors.Join(worst(errs))
	v.Exit = cli.ExitCode(err)
	return s.conclude(v, err)
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
