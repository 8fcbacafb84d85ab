// Package verify is the command verify of marketops.
package verify

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/verdict"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/offline"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	offline.Options
	File string // pack or bundle
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
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
		RunE: func(_ *cobra.Command, args []string) error { o.File = args[0]; return run(e, o) },
	}
	cli.AddGoFlags(c, o.Bind)
	return c
}

func run(e *env.Env, o Options) error {
	if o.At == 0 {
		o.At = cli.Now()
	}
	r, err := offline.Verify(o.File, func() (*trust.Trust, error) { return verdict.LoadTrust(e, o.Judging) }, o.Options)
	if err != nil {
		return &marketops.Failure{Code: marketops.SourceUnreadable, What: o.File, Err: err, State: "nothing was verified", Next: "name the file of the pack, and what the flags name"}
	}
	return verdict.Write(e, r)
}
