// Package verdict is what the commands of marketops share that judge evidence: the trust file that a
// verdict rests on, and how its report is written.
package verdict

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
	"github.com/omega/marketops/verifier/show"
)

// LoadTrust loads the trust file that a verdict rests on.
func LoadTrust(e *env.Env, o offline.Judging) (*trust.Trust, error) {
	state, err := env.State()
	if err != nil && e.TrustFlag == "" {
		return nil, marketops.RefuseErr(marketops.TrustMissing, "no --trust, and no state folder to take it from", err)
	}
	t, err := e.LoadTrust(state)
	if err != nil {
		return nil, err
	}
	return t, o.Pin.Check(t)
}

// Write writes a report. A report that is not "verified" is an error with its exit code.
func Write(e *env.Env, r *verifier.Report) error {
	write := func() error { return show.Text(e.Out, r, show.Options{Color: e.Colour, Quiet: e.Quiet}) }
	if e.JSON {
		write = func() error { return show.JSON(e.Out, r) }
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
