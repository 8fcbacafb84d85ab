// Command marketops-verify checks a pack, a Sigstore bundle of ours, or a whole log, offline.
//
//	marketops-verify PACK|BUNDLE --trust trust.json
//	marketops-verify audit --log DIR --records DIR --operations DIR --trust trust.json
//	marketops-verify compare CHECKPOINTS… --trust trust.json
//
// It holds no network code at all: neither this program nor anything that it links can open a
// connection. Whom to believe stands in the trust file and nowhere else. Results go to standard
// output, as text or with --json as one object, in success and in failure.
//
// Exit codes: 0 verified, 11 failed or indeterminate, 14 the log forked or was rolled back,
// 64 wrong usage, 1 an input could not be read.
package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"time"

	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/internal/cli/auditor/audit"
	"github.com/omega/marketops/internal/cli/auditor/compare"
	"github.com/omega/marketops/internal/cli/auditor/verify"
	"github.com/omega/marketops/internal/version"
)

func main() {
	os.Exit(run(os.Args[1:], &auditor.Env{
		Out: os.Stdout, Err: os.Stderr, Now: time.Now, Color: colored(os.Stdout), Terminal: terminal(os.Stderr),
	}))
}

const help = `marketops-verify checks evidence of publications, offline. It contains no network code.

  marketops-verify PACK --trust trust.json      was exactly this authorised, and what became of it
  marketops-verify BUNDLE --trust trust.json    did the log hold this receipt or outcome, a Sigstore bundle of ours
  marketops-verify audit --log DIR --records DIR --operations DIR --trust trust.json
                                                was every receipt of a log used once, and rightly
  marketops-verify compare FILE... --trust trust.json
                                                has the log shown two histories; FILE holds checkpoints
  marketops-verify version

` + verify.Usage + audit.Usage + compare.Usage + `
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

func run(args []string, e *auditor.Env) int {
	e.Help = help
	if len(args) == 0 {
		return e.Misused(errors.New("name a pack, or audit"), verify.Usage)
	}
	switch args[0] {
	case "version", "--version":
		io.WriteString(e.Out, "marketops-verify "+version.String()+"\n")
		return 0
	case "help", "--help", "-help", "-h":
		return e.Misused(flag.ErrHelp, "")
	case "audit":
		return audit.Run(e, args[1:])
	case "compare":
		return compare.Run(e, args[1:])
	}
	return verify.Run(e, args)
}

// colored reports whether colour helps whoever reads f.
func colored(f *os.File) bool {
	_, no := os.LookupEnv("NO_COLOR")
	return terminal(f) && !no
}

// terminal reports whether f is one that can draw a line again.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
