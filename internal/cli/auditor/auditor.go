// Package auditor is what the commands of marketops-verify share: what surrounds them, the flags that
// all of them take, and how they answer. Neither it nor what it links can open a connection.
package auditor

import (
	"errors"
	"flag"
	"io"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/foreign"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/show"
)

// The exit codes that a report does not give.
const (
	ExitError = 1  // an input could not be read
	ExitUsage = 64 // the command line is wrong
)

// Env is everything outside the arguments.
type Env struct {
	Out, Err io.Writer
	Now      func() time.Time
	Color    bool
	Terminal bool   // Err is one
	Help     string // of the program
}

// Options are what all commands take.
type Options struct {
	Trust       string // file
	JSON, Quiet bool
}

// Bind defines the flags.
func (o *Options) Bind(f *flag.FlagSet) {
	f.StringVar(&o.Trust, "trust", "", "")
	f.BoolVar(&o.JSON, "json", false, "")
	f.BoolVar(&o.Quiet, "quiet", false, "")
}

// TakeFlags reads flags before, between and after the arguments, which it returns; after "--" all are
// arguments.
func TakeFlags(args []string, bind ...func(*flag.FlagSet)) (rest []string, err error) {
	f := flag.NewFlagSet("", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	for _, b := range bind {
		b(f)
	}
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

// LoadTrust reads and pins the trust file.
func (o *Options) LoadTrust(pin verifier.Pin) (*trust.Trust, error) {
	if o.Trust == "" {
		return nil, marketops.Refuse(marketops.TrustMissing, "no --trust; nothing in the evidence itself says whom to believe")
	}
	read := regular.ReadOwned
	if !pin.Digest.IsZero() { // the digest says which file is meant, and no owner needs to
		read = regular.ReadPath
	}
	b, err := read(o.Trust, trust.MaxTrust)
	if err != nil {
		return nil, marketops.RefuseErr(regular.CodeOf(err, marketops.TrustMissing), "the trust file cannot be read", err)
	}
	t, err := trust.Parse(b)
	if err != nil {
		return nil, foreign.TrustFile(o.Trust, b, err)
	}
	return t, pin.Check(t)
}

// Misused answers a wrong command line. To ask for help is not wrong.
func (e *Env) Misused(err error, usage string) int {
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(e.Out, e.Help)
		return 0
	}
	e.complain(err)
	io.WriteString(e.Err, usage)
	return ExitUsage
}

// Answer writes a report and returns the exit code it stands for.
func (e *Env) Answer(r *verifier.Report, o *Options) int {
	if err := e.write(r, o); err != nil {
		e.complain(err)
		return ExitError
	}
	return r.ExitCode()
}

// Unread answers for an input that could not be read: nothing is known about the evidence.
func (e *Env) Unread(kind verifier.Kind, o *Options, err error) int {
	r := verifier.Refused(kind, "input", nil, marketops.RefuseErr(marketops.SourceUnreadable, "", err))
	if werr := e.write(r, o); werr == nil && o.JSON {
		e.complain(err)
	}
	return ExitError
}

func (e *Env) write(r *verifier.Report, o *Options) error {
	if o.JSON {
		return show.JSON(e.Out, r)
	}
	return show.Text(e.Out, r, show.Options{Color: e.Color, Quiet: o.Quiet})
}

func (e *Env) complain(err error) {
	io.WriteString(e.Err, "marketops-verify: "+show.Escape(err.Error())+"\n")
}
