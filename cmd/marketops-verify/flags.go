package main

import (
	"errors"
	"flag"
	"io"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/offline"
)

const help = `marketops-verify checks evidence of publications, offline. It contains no network code.

  marketops-verify PACK --trust trust.json      was exactly this authorised, and what became of it
  marketops-verify BUNDLE --trust trust.json    did the log hold this receipt or outcome, a Sigstore bundle of ours
  marketops-verify audit --log DIR --records DIR --trust trust.json
                                                was every receipt of a log used once, and rightly
  marketops-verify compare FILE... --trust trust.json
                                                has the log shown two histories; FILE holds checkpoints
  marketops-verify version

` + packUsage + auditUsage + compareUsage + `
levels of --require
  signature    every record is signed by who may sign it; the log is not looked at
  inclusion    and the log holds them all, under a checkpoint that it signed
  quorum       and the witnesses of trust.json cosigned it
A verdict below the level of trust.json says at which level it stands.

exit codes
  0    verified: every required check ran and passed
  11   failed, or indeterminate for want of a record
  14   the log forked or was rolled back; both statements are in the evidence file
       (an audit writes none: keep the log, it is the evidence)
  64   wrong usage
  1    an input could not be read
`

const packUsage = `usage: marketops-verify PACK|BUNDLE [flags]
  --trust FILE               whom to believe; without it nothing passes
  --trust-digest sha256:…    refuse any other trust file
  --min-trust-version N      refuse an older trust file
  --require LEVEL            signature, inclusion or quorum; default: the strictest that trust.json names
  --subject DIR              the files in DIR are the authorised assets: none missing, none more
  --checkpoint FILE          a checkpoint that you hold; the pack must be of the same log
  --evidence FILE            where both statements of a forked log go; default marketops-evidence-… here
  --at TIME                  judge as of this time (2026-03-01T12:00:00Z); default now
  --json                     one JSON object on standard output
  --quiet                    the verdict only
`

const auditUsage = `usage: marketops-verify audit --log DIR --records DIR --trust FILE [flags]
  --log DIR                  the log: checkpoint and tile/
  --records DIR              the record store
  --operations DIR           operation documents, named by digest, to tell which share a resource
  --previous DIR             the frozen log that this one goes on after: did it end as the first leaf says
  --since FILE               a checkpoint of this log that you kept: the log must extend it, and what is
                             new is counted; a fork or a rollback leaves evidence in --evidence FILE
  --resume FILE              go on from this file, and keep the state in it; nobody else may write there
  --hash-only                compare the leaves with the root and nothing else; never "verified"
  --at TIME                  raise the log's own time to this, to find missing outcomes
  and --trust-digest, --min-trust-version, --json, --quiet as above
`

const compareUsage = `usage: marketops-verify compare FILE... --trust FILE [flags]
  FILE                       a checkpoint, or the two that a witness or a user kept as evidence
  and --trust-digest, --min-trust-version, --json, --quiet as above
`

// common is what all commands take.
type common struct {
	offline.Judging
	trust string
	json  bool
	quiet bool
}

// flags returns a flag set, without those of [offline], that writes nothing by itself.
func (c *common) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&c.trust, "trust", "", "")
	f.BoolVar(&c.json, "json", false, "")
	f.BoolVar(&c.quiet, "quiet", false, "")
	return f
}

// parse reads flags before, between and after the arguments; after "--" all are arguments.
func parse(f *flag.FlagSet, args []string) (rest []string, err error) {
	for len(args) > 0 {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		left := f.Args()
		if taken := len(args) - len(left); taken > 0 && args[taken-1] == "--" {
			return append(rest, left...), nil
		}
		if args = left; len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	return rest, nil
}

// wrong answers what the flag package said: help is no mistake.
func (s env) wrong(err error, usage string) int {
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(s.out, help)
		return 0
	}
	return s.misused(err.Error(), usage)
}

// load reads and pins the trust file.
func (c *common) load() (*trust.Trust, error) {
	if c.trust == "" {
		return nil, marketops.Refuse(marketops.TrustMissing, "no --trust; nothing in the evidence itself says whom to believe")
	}
	b, err := offline.ReadFile(c.trust, trust.MaxTrust)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.TrustMissing, "the trust file cannot be read", err)
	}
	t, err := trust.Parse(b)
	if err != nil {
		return nil, err
	}
	return t, c.Pin.Check(t)
}
