// Package compare is the command of marketops-verify that looks for two histories of one log.
package compare

import (
	"errors"
	"flag"

	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/internal/foreign"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
)

// Usage explains the command.
const Usage = `usage: marketops-verify compare FILE... --trust FILE [flags]
  FILE                       a checkpoint, or the two that a witness or a user kept as evidence
  and --trust-digest, --min-trust-version, --json, --quiet as above
`

// Options are what the command line says.
type Options struct {
	auditor.Options
	Pin   verifier.Pin
	Files []string // with checkpoints
}

// Run runs the command and returns the exit code.
func Run(e *auditor.Env, args []string) int {
	o, err := parse(args)
	if err != nil {
		return e.Misused(err, Usage)
	}
	return run(e, o)
}

func parse(args []string) (o *Options, err error) {
	o = &Options{}
	o.Files, err = auditor.TakeFlags(args, o.Bind, func(f *flag.FlagSet) { offline.BindPin(f, &o.Pin) })
	if err == nil && len(o.Files) == 0 {
		err = errors.New("name files with checkpoints")
	}
	return o, err
}

func run(e *auditor.Env, o *Options) int {
	t, err := o.LoadTrust(o.Pin)
	if err != nil {
		return e.Answer(verifier.Refused(verifier.OfCheckpoints, verifier.CheckTrust, t, err), &o.Options)
	}
	var files []verifier.Evidence
	for _, name := range o.Files {
		b, err := offline.ReadFile(name, verifier.MaxEvidence)
		if err != nil {
			return e.Unread(verifier.OfCheckpoints, &o.Options, err)
		}
		if what := foreign.Name(b); what != "" && !foreign.IsCheckpoint(b) {
			err := verifier.WrongFile(name, what, "a checkpoint", "name files with checkpoints of the logs that trust.json names")
			return e.Answer(verifier.Refused(verifier.OfCheckpoints, verifier.CheckCheckpoint, t, err), &o.Options)
		}
		files = append(files, verifier.Evidence{Name: name, Text: b})
	}
	return e.Answer(verifier.Compare(files, t), &o.Options)
}
