// Package publish is the command publish.
package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/progress"
	"github.com/omega/marketops/internal/cli/publication"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	publication.Options
	Run       string
	Mode      string
	ModeGiven bool
	Assets    string // folder to take the files from; "": where they were planned
	Only      []int  // numbers of operations; none: all
	KeepGoing bool
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "publish RUN --mode prod",
		Short: "Publish what was authorised: exactly that, exactly once",
		Long: `Gate every operation of the run, and if all pass, publish them one after the other.

Without --mode prod it is a trial run: every other check runs, then GitHub is read as publishing
would read it before its first write, with what github.read_token in marketops.yaml names. Nothing is
claimed, logged or written. It says "would publish" only if everything was read and is as planned.
The mode is given here and nowhere else; no environment variable or file can raise it.

Running it again after an interruption continues under the same receipts. Operations that are done
say so and are not repeated.

Operations are published in the order of the plan. One that comes after others (after in marketops.yaml)
waits until these have succeeded; without them it is refused, and its receipt stays unused.

One operation that the gate refuses stops all, and the first that is not a success stops the rest.
--only 1,3 gates and publishes these operations alone, numbered as in the plan. With --keep-going each
operation is gated and published by itself: one that is refused, fails or stays open does not stop those
after it. The exit code is that of the most urgent result.

The GitHub write credential is read after every check has passed, from what github.token in
marketops.yaml names (env://GITHUB_TOKEN unless it says otherwise), or minted from github.app. It reads
before the receipt is claimed, so that what is in the way uses up nothing, and writes once the intent is
public.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.Run, o.ModeGiven = args[0], c.Flags().Changed("mode")
			return run(c.Context(), e, o)
		},
	}
	c.Flags().StringVar(&o.Mode, "mode", "", `"prod" publishes; without it nothing is written`)
	o.Bind(c.Flags())
	c.Flags().StringVar(&o.Assets, "assets", "", "folder to take the files from (default: where they were planned)")
	c.Flags().IntSliceVar(&o.Only, "only", nil, "publish only the operations with these numbers: `1,3` (default: all)")
	cobra.CheckErr(c.RegisterFlagCompletionFunc("only", completeOnly))
	c.Flags().BoolVar(&o.KeepGoing, "keep-going", false, "an operation that is refused, fails or stays open does not stop those after it")
	return c
}

// effective is what the flag says. Not giving it is a trial run; giving anything but the two
// modes goes to the gate, which refuses it and has the refusal recorded.
func (o Options) effective() marketops.Mode {
	if !o.ModeGiven {
		return marketops.DryRun
	}
	return marketops.Mode(o.Mode)
}

func run(ctx context.Context, e *env.Env, o Options) error {
	if v := os.Getenv("MARKETOPS_MODE"); v != "" {
		e.Say("warning: MARKETOPS_MODE=%s is ignored: the mode is given on the command line and nowhere else", v)
	}
	r, err := runfolder.Find(o.Run)
	if err != nil {
		return refuseRun(ctx, e, o, err)
	}
	defer r.Close()
	if err := checkOnly(o.Only, len(r.Operations)); err != nil {
		return err
	}
	b := progress.New(e.Streams)
	defer b.Done()
	p, err := publication.New(e, r, o.Options, o.effective(), b)
	if err != nil {
		return err
	}
	if o.Assets != "" {
		r.UseAssets(o.Assets)
	}
	w := &executor{Publication: p, mode: o.effective(), arg: o.Run, only: o.Only, keepGoing: o.KeepGoing}
	if w.mode == marketops.Prod {
		if err := recoverAll(ctx, e, p.State, r.Info.RunID); err != nil {
			return w.explainInterrupt(err)
		}
	}
	announce(p.Streams, r, w.mode, o.Only)
	unhook := context.AfterFunc(ctx, func() {
		b.Home()
		p.Say("interrupted: nothing new is begun; what has reached GitHub is finished first, however long GitHub makes us wait; a second Ctrl-C ends this at once")
		if w.mode == marketops.Prod {
			p.Say("should this process be killed meanwhile, go on with: marketops publish %s --mode prod", o.Run)
		}
	})
	defer unhook()
	err = plan.Resume(plan.WithReading(ctx, b.Reading), r, w, time.Now)
	b.Done()
	return w.explainInterrupt(w.report(r, err))
}

// explainInterrupt says what Ctrl-C leaves, in place of the call that happened to be under way.
func (w *executor) explainInterrupt(err error) error {
	if err == nil || cli.ExitCode(err) != cli.ExitInterrupted {
		return err
	}
	f := &marketops.Failure{What: "stopped by a signal", State: "nothing was sent", Next: "type the same command again: it continues under the same receipts"}
	if len(w.results) > 0 {
		f.State = "what is not attempted sent nothing; the summary says what became of the rest"
	}
	for _, res := range w.results {
		var stopped *marketops.Failure
		if errors.As(res.Err, &stopped) && res.Status == publisher.Open && stopped.State != "" {
			f.State = fmt.Sprintf("operation %d: %s", res.Number, stopped.State)
		}
	}
	return &cli.CodedError{Exit: cli.ExitInterrupted, Err: f}
}

// announce says what is about to happen before it happens.
func announce(s *cli.Streams, r *plan.Run, mode marketops.Mode, only []int) {
	verb := "trying out"
	if mode == marketops.Prod {
		verb = "publishing"
	}
	scope := cli.Count(len(r.Operations), "operation")
	if len(only) > 0 {
		scope = "of " + scope
	}
	s.Say("%s run %s, %s:", verb, r.Info.RunID, scope)
	for i, op := range r.Operations {
		if isSelected(only, i+1) {
			s.Say("  %d  %s %s %s", i+1, op.Kind, op.Target.FullName, op.Resource())
		}
	}
}
