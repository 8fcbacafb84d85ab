package main

import (
	"flag"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
	"github.com/omega/marketops/verifier/show"
	"github.com/spf13/cobra"
)

// verifyOptions is what export and audit take too.
type verifyOptions struct{ offline.Judging }

func (o *verifyOptions) bind(c *cobra.Command) { bindFlags(c, o.Bind) }

// bindFlags gives a command the flags that marketops-verify has.
func bindFlags(c *cobra.Command, bind func(*flag.FlagSet)) {
	f := flag.NewFlagSet(c.Name(), flag.ContinueOnError)
	bind(f)
	c.Flags().AddGoFlagSet(f)
}

func newVerify(g *globals) *cobra.Command {
	var o offline.Options
	c := &cobra.Command{
		Use:   "verify PACK|BUNDLE",
		Short: "Check a pack offline: was exactly this authorised, and what became of it",
		Long: `Check a .mopack, or a Sigstore bundle that marketops exported, against the trust file. This is the
same verifier as marketops-verify, which has no network code at all; use that one if you do not
trust this program.

Levels of --require: signature (every record is signed by who may sign it; the log is not looked
at), inclusion (and the log holds them all), quorum (and the witnesses of trust.json cosigned). A
verdict below the level of trust.json says at which level it stands.

Exit codes: 0 verified, 11 failed or indeterminate, 14 the log forked or was rolled back, and both
statements are in the evidence file.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return g.verify(args[0], o) },
	}
	bindFlags(c, o.Bind)
	return c
}

func (g *globals) verify(path string, o offline.Options) error {
	if o.At == 0 {
		o.At = now()
	}
	r, err := offline.Verify(path, func() (*trust.Trust, error) { return g.judging(o.Judging) }, o)
	if err != nil {
		return &marketops.Failure{Code: marketops.SourceUnreadable, What: path, Err: err, State: "nothing was verified", Next: "name the file of the pack, and what the flags name"}
	}
	return g.verdict(r)
}

// judging loads the trust file that a verdict rests on.
func (g *globals) judging(o offline.Judging) (*trust.Trust, error) {
	state, err := findState()
	if err != nil && g.trust == "" {
		return nil, marketops.RefuseErr(marketops.TrustMissing, "no --trust, and no state folder to take it from", err)
	}
	t, err := g.loadTrust(state)
	if err != nil {
		return nil, err
	}
	return t, o.Pin.Check(t)
}

// verdict writes a report. A report that is not "verified" is an error with its exit code.
func (g *globals) verdict(r *verifier.Report) error {
	write := func() error { return show.Text(g.Out, r, show.Options{Color: g.Colour, Quiet: g.Quiet}) }
	if g.JSON {
		write = func() error { return show.JSON(g.Out, r) }
	}
	err := write()
	if err != nil {
		return err
	}
	if code := r.ExitCode(); code != cli.ExitDone {
		return &cli.CodedError{Exit: code, Err: cli.ErrReported}
	}
	return nil
}
