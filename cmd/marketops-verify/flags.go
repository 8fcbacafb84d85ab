package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
)

const help = `marketops-verify checks evidence of publications, offline. It contains no network code.

  marketops-verify PACK --trust trust.json      was exactly this authorised, and what became of it
  marketops-verify audit --log DIR --records DIR --trust trust.json
                                                was every receipt of a log used once, and rightly
  marketops-verify compare FILE... --trust trust.json
                                                has the log shown two histories; FILE holds checkpoints
  marketops-verify version

` + packUsage + auditUsage + compareUsage + `
exit codes
  0    verified: every required check ran and passed
  11   failed, or indeterminate for want of a record
  14   the log forked or was rolled back; keep the files, they are the evidence
  64   wrong usage
  1    an input could not be read
`

const packUsage = `usage: marketops-verify PACK [flags]
  --trust FILE               whom to believe; without it nothing passes
  --trust-digest sha256:…    refuse any other trust file
  --min-trust-version N      refuse an older trust file
  --at TIME                  judge as of this time (2026-03-01T12:00:00Z); default now
  --json                     one JSON object on standard output
  --quiet                    the verdict only
`

const auditUsage = `usage: marketops-verify audit --log DIR --records DIR --trust FILE [flags]
  --log DIR                  the log: checkpoint and tile/
  --records DIR              the record store
  --operations DIR           operation documents, named by digest, to tell which share a resource
  --previous DIR             the frozen log that this one goes on after: did it end as the first leaf says
  --at TIME                  raise the log's own time to this, to find missing outcomes
  and --trust-digest, --min-trust-version, --json, --quiet as above
`

const compareUsage = `usage: marketops-verify compare FILE... --trust FILE [flags]
  FILE                       a checkpoint, or the two that a witness or a user kept as evidence
  and --trust-digest, --min-trust-version, --json, --quiet as above
`

// common is what all commands take.
type common struct {
	trust string
	pin   verifier.Pin
	at    marketops.Time
	json  bool
	quiet bool
}

// flags returns an empty flag set that writes nothing by itself.
func (c *common) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&c.trust, "trust", "", "")
	f.Func("trust-digest", "", c.pinDigest)
	f.Int64Var(&c.pin.MinVersion, "min-trust-version", 0, "")
	f.Func("at", "", func(s string) error { return c.at.UnmarshalText([]byte(s)) })
	f.BoolVar(&c.json, "json", false, "")
	f.BoolVar(&c.quiet, "quiet", false, "")
	return f
}

// pinDigest refuses what would pin nothing: an unset variable of a script, or all zeros.
func (c *common) pinDigest(s string) (err error) {
	if c.pin.Digest, err = marketops.ParseDigest(s); err == nil && c.pin.Digest.IsZero() {
		err = errors.New("a digest of zeros pins nothing")
	}
	return err
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
func (s surroundings) wrong(err error, usage string) int {
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(s.out, help)
		return 0
	}
	return s.misused(err.Error(), usage)
}

// load reads and pins the trust file.
func (c *common) load() (*receipt.Trust, error) {
	if c.trust == "" {
		return nil, marketops.Refuse(marketops.TrustMissing, "no --trust; nothing in the evidence itself says whom to believe")
	}
	b, err := readFile(c.trust, receipt.MaxTrust)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.TrustMissing, "the trust file cannot be read", err)
	}
	t, err := receipt.ParseTrust(b)
	if err != nil {
		return nil, err
	}
	return t, c.pin.Check(t)
}

// readFile reads a regular file of at most limit bytes, and one byte more of a larger one, so
// that its parser refuses it.
func readFile(name string, limit int64) ([]byte, error) {
	f, _, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// open opens a regular file: a pipe or a device would have no size, and might never answer.
func open(name string) (*os.File, int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("not a regular file")}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}
