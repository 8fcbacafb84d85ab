package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

type publishOptions struct {
	mode        string
	modeGiven   bool
	key, config string
	assets      string
}

func newPublish(g *globals) *cobra.Command {
	var o publishOptions
	c := &cobra.Command{
		Use:   "publish RUN --mode prod",
		Short: "Publish what was authorised: exactly that, exactly once",
		Long: `Gate every operation of the run, and if all pass, publish them one after the other.

Without --mode prod it is a rehearsal: every other check runs and nothing is claimed, logged or
sent. The mode is given here and nowhere else; no environment variable or file can raise it.

Running it again after an interruption goes on under the same receipts. Operations that are done
say so and are not repeated. The first operation that is not a success stops the rest.

The GitHub write credential is read after every check has passed, from what github.token in
marketops.yaml names (env://GITHUB_TOKEN unless it says otherwise), or minted from github.app once
the intent is public.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.modeGiven = c.Flags().Changed("mode")
			return g.publish(c.Context(), args[0], o)
		},
	}
	c.Flags().StringVar(&o.mode, "mode", "", `"prod" publishes; without it nothing is sent`)
	c.Flags().StringVar(&o.key, "key", "", "the publisher's private key: a file or env://NAME (default: .marketops/keys/publisher.pem)")
	c.Flags().StringVarP(&o.config, "config", "c", "", "where GitHub is (default: the file the run was planned from)")
	c.Flags().StringVar(&o.assets, "assets", "", "folder to take the files from (default: where they were planned)")
	return c
}

// effective is what the flag says. Not giving it is a rehearsal; giving anything but the two
// modes goes to the gate, which refuses it and has the refusal recorded.
func (o publishOptions) effective() marketops.Mode {
	if !o.modeGiven {
		return marketops.DryRun
	}
	return marketops.Mode(o.mode)
}

func (g *globals) publish(ctx context.Context, arg string, o publishOptions) error {
	if v := os.Getenv("MARKETOPS_MODE"); v != "" {
		g.Say("warning: MARKETOPS_MODE=%s is ignored: the mode is given on the command line and nowhere else", v)
	}
	r, err := openRun(arg)
	if err != nil {
		return g.refuseRun(ctx, arg, o, err)
	}
	defer r.Close()
	b := newBars(g.Streams)
	defer b.done()
	s, pub, err := g.publishing(r, o.key, o.config, o.effective(), b)
	if err != nil {
		return err
	}
	if o.assets != "" {
		r.UseAssets(o.assets)
	}
	w := &publishing{session: s, pub: pub, mode: o.effective(), arg: arg, bars: b}
	if w.mode == marketops.Prod {
		if err := g.recover(ctx, s.state, r.Info.RunID); err != nil {
			return w.interrupted(err)
		}
	}
	s.announce(r, w.mode)
	heard := context.AfterFunc(ctx, func() {
		s.Say("interrupted: nothing new is begun; what has reached GitHub is finished first, however long GitHub makes us wait")
		if w.mode == marketops.Prod {
			s.Say("should this process be killed meanwhile, go on with: marketops publish %s --mode prod", arg)
		}
	})
	defer heard()
	err = plan.Resume(ctx, r, w, time.Now)
	b.done()
	return w.interrupted(w.report(r, err))
}

// interrupted is what Ctrl-C leaves, in place of the call that happened to be under way.
func (w *publishing) interrupted(err error) error {
	if err == nil || cli.ExitCode(err) != cli.ExitInterrupted {
		return err
	}
	f := &marketops.Failure{What: "stopped by a signal", State: "nothing was sent", Next: "type the same command again: it goes on under the same receipts"}
	if len(w.results) > 0 {
		f.State = "what is not attempted sent nothing; the summary says what became of the rest"
	}
	return &cli.CodedError{Exit: cli.ExitInterrupted, Err: f}
}

// publishing opens what publish and reconcile share. In a dry run the port can make no call.
func (g *globals) publishing(r *plan.Run, key, file string, mode marketops.Mode, b *bars) (*session, *publisher.Publisher, error) {
	if file == "" {
		recorded, err := r.Get(configNote, 4096)
		if err != nil {
			return nil, nil, err
		}
		file = strings.TrimSpace(string(recorded))
	}
	cfg, err := config.Load(file)
	if err != nil {
		return nil, nil, err
	}
	g.sayIgnored(cfg.GitHub)
	s, err := g.connectAs(key, "publisher", cfg.Core)
	if err != nil {
		return nil, nil, err
	}
	pub, err := s.publisherFor(r, cfg.GitHub, mode, b)
	return s, pub, err
}

// announce says what is about to happen before it happens.
func (s *session) announce(r *plan.Run, mode marketops.Mode) {
	verb := "rehearsing"
	if mode == marketops.Prod {
		verb = "publishing"
	}
	s.Say("%s run %s, %s:", verb, r.Info.RunID, cli.Count(len(r.Operations), "operation"))
	for i, op := range r.Operations {
		s.Say("  %d  %s %s %s", i+1, op.Kind, op.Target.FullName, op.Resource())
	}
}

// publishing is the executor of the plan's execute stage.
type publishing struct {
	*session
	pub     *publisher.Publisher
	mode    marketops.Mode
	arg     string
	bars    *bars
	results []publisher.Result
}

// Execute implements [plan.Executor].
func (w *publishing) Execute(ctx context.Context, r *plan.Run) error {
	j, err := r.Journal(time.Now)
	if err != nil {
		return err
	}
	jobs, err := w.jobs(ctx, r, j, w.bars)
	if err != nil {
		return err
	}
	if w.mode != marketops.Prod {
		w.results, err = w.pub.Run(ctx, w.mode, jobs)
		return err
	}
	open := begunIn(w.state)
	again, err := open.remember(r)
	if err != nil {
		return err
	}
	if w.results, err = w.pub.Run(ctx, w.mode, jobs); err != nil {
		return err
	}
	return open.ended(r.Info.RunID, again, w.results)
}

// operationView is one operation's result in --json.
type operationView struct {
	Number     int               `json:"number"`
	Kind       marketops.Kind    `json:"kind"`
	Repository string            `json:"repository"`
	Resource   string            `json:"resource"`
	Status     receipt.Status    `json:"status"`
	Already    bool              `json:"already"`
	URL        string            `json:"url"`
	Leaf       *uint64           `json:"leaf"` // of the outcome or refusal; null if there is none
	Problem    *cli.Problem      `json:"problem"`
	Checks     []marketops.Check `json:"checks"`
}

type publishView struct {
	Schema      string          `json:"schema"`
	Run         marketops.RunID `json:"run"`
	Mode        marketops.Mode  `json:"mode"`
	Operations  []operationView `json:"operations"`
	NotRecorded int             `json:"not_recorded"` // records that still wait in the outbox
	Problem     *cli.Problem    `json:"problem"`      // of the whole; null if there is none but the operations'
	Exit        int             `json:"exit"`
}

// report prints one line per operation and returns the error that decides the exit code.
func (w *publishing) report(r *plan.Run, err error) error {
	if len(w.results) == 0 {
		return err
	}
	v := publishView{Schema: "marketops.publish/v1", Run: r.Info.RunID, Mode: w.mode, NotRecorded: w.pub.Outbox.Pending()}
	errs := []error{err}
	if err != nil {
		p := cli.ProblemOf(err)
		v.Problem = &p
	}
	for _, res := range w.results {
		w.Print("%s", line(res, w.arg))
		v.Operations = append(v.Operations, operation(res))
		errs = append(errs, res.Err)
	}
	if v.NotRecorded > 0 {
		w.Say("not yet recorded: %s in %s, handed over at the next contact", cli.Count(v.NotRecorded, "record"), w.pub.Outbox.Dir)
	}
	err = worst(errs)
	v.Exit = cli.ExitCode(err)
	return w.conclude(v, err)
}

// conclude writes the one object of --json, in failure too, and tells people about the failure.
func (s *session) conclude(v any, err error) error {
	if !s.JSON {
		return err
	}
	if werr := s.Result(v); werr != nil {
		return werr
	}
	if err == nil {
		return nil
	}
	s.JSON = false // the object is written; the rest is for people
	return err
}

// worst returns the error whose exit code is the most urgent: 14 > 13 > 1 > 10.
func worst(errs []error) error {
	rank := map[int]int{cli.ExitMisbehaviour: 5, cli.ExitUnknown: 4, cli.ExitInterrupted: 3, cli.ExitError: 2, cli.ExitRefused: 1}
	var out error
	for _, err := range errs {
		if err != nil && (out == nil || rank[cli.ExitCode(err)] > rank[cli.ExitCode(out)]) {
			out = err
		}
	}
	return out
}

func operation(res publisher.Result) operationView {
	v := operationView{Number: res.Number, Kind: res.Op.Kind, Repository: res.Op.Target.FullName, Resource: res.Op.Resource(),
		Status: res.Status, Already: res.Already, URL: res.URL, Checks: res.Checks}
	if len(res.Entry.Envelope) > 0 {
		v.Leaf = &res.Entry.Position.Index
	}
	if res.Err != nil {
		p := cli.ProblemOf(res.Err)
		v.Problem = &p
	}
	return v
}

// line is one operation for people.
func line(res publisher.Result, arg string) string {
	head := fmt.Sprintf("%d  %s %s %s: ", res.Number, res.Op.Kind, res.Op.Target.FullName, res.Op.Resource())
	leaf := ""
	if len(res.Entry.Envelope) > 0 {
		leaf = fmt.Sprintf(" (leaf %d)", res.Entry.Position.Index)
	}
	switch {
	case res.Status == "would-publish":
		return head + "would publish: every check but the mode's passed"
	case res.Status == "not-attempted" && res.Err == nil:
		return head + "not attempted, receipt unspent"
	case res.Status == "not-attempted" && errors.Is(res.Err, context.Canceled):
		return head + "not attempted: interrupted before anything was sent"
	case res.Already && res.Status == receipt.Success:
		return head + "already published" + leaf + " " + res.URL
	case res.Status == receipt.Success:
		return head + string(res.Status) + leaf + " " + res.URL
	case res.Status == "open" && cli.ExitCode(res.Err) == cli.ExitUnknown:
		return head + "not known yet: marketops reconcile " + arg
	case res.Status == "open":
		return head + "stopped" + codeOf(res.Err) + "; the same command goes on under the same receipt"
	}
	return head + string(res.Status) + codeOf(res.Err) + leaf
}

func codeOf(err error) string {
	if c := marketops.CodeOf(err); c != "" {
		return ": " + string(c)
	}
	return ""
}
