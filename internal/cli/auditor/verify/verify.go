// Package verify is the command of marketops-verify that judges one pack or bundle.
package verify

import (
	"errors"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
)

// Usage explains the command.
const Usage = `usage: marketops-verify PACK|BUNDLE [flags]
  --trust FILE               whom to believe; without it nothing passes
  --trust-digest sha256:…    refuse any other trust file
  --min-trust-version N      refuse an older trust file
  --require LEVEL            signature, inclusion or quorum; default: the strictest that trust.json names
  --subject DIR              the files in DIR are the assets that were published as authorised, no more
  --checkpoint FILE          a checkpoint that you hold; the pack must be of the same log
  --evidence FILE            where both statements of a forked log go; default marketops-evidence-… here
  --at TIME                  judge as of this time (2026-03-01T12:00:00Z); default now
  --json                     one JSON object on standard output
  --quiet                    the verdict only
`

// Options are what the command line says.
type Options struct {
	auditor.Options
	Judge offline.Options
	File  string // pack or bundle
}

// Run runs the command and returns the exit code.
func Run(e *auditor.Env, args []string) int {
	o, err := parse(args)
	if err != nil {
		return e.Misused(err, Usage)
	}
	return run(e, o)
}

func parse(args []string) (*Options, error) {
	o := &Options{}
	rest, err := auditor.TakeFlags(args, o.Bind, o.Judge.Bind)
	if err != nil {
		return o, err
	}
	if len(rest) != 1 {
		return o, errors.New("name one pack or bundle")
	}
	o.File = rest[0]
	return o, nil
}

func run(e *auditor.Env, o *Options) int {
	if o.Judge.At == 0 {
		o.Judge.At = marketops.TimeOf(e.Now())
	}
	r, err := offline.Verify(o.File, func() (*trust.Trust, error) { return o.LoadTrust(o.Judge.Pin) }, o.Judge)
	if err != nil {
		return e.Unread(verifier.OfPack, &o.Options, err)
	}
	return e.Answer(r, &o.Options)
}
