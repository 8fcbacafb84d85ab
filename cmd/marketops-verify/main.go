// Command marketops-verify checks a pack, a Sigstore bundle of ours, or a whole log, offline.
//
//	marketops-verify PACK|BUNDLE --trust trust.json
//	marketops-verify audit --log DIR --records DIR --trust trust.json
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
	"io"
	"os"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/show"
)

// version is set at link time.
var version = "devel"

func main() {
	os.Exit(run(os.Args[1:], env{
		out: os.Stdout, err: os.Stderr, now: time.Now, color: colored(os.Stdout), terminal: terminal(os.Stderr),
	}))
}

// env is everything outside the arguments.
type env struct {
	out, err io.Writer
	now      func() time.Time
	color    bool
	terminal bool // err is one
}

// The exit codes that a report does not give.
const (
	exitError = 1
	exitUsage = 64
)

func run(args []string, s env) int {
	if len(args) == 0 {
		return s.misused("name a pack, or audit", packUsage)
	}
	switch args[0] {
	case "version", "--version":
		io.WriteString(s.out, "marketops-verify "+version+"\n")
		return 0
	case "help", "--help", "-help", "-h":
		io.WriteString(s.out, help)
		return 0
	case "audit":
		return s.audit(args[1:])
	case "compare":
		return s.compare(args[1:])
	}
	return s.verify(args)
}

func (s env) misused(what, usage string) int {
	io.WriteString(s.err, "marketops-verify: "+show.Escape(what)+"\n"+usage)
	return exitUsage
}

// answer writes a report and returns the exit code it stands for.
func (s env) answer(r *verifier.Report, o common) int {
	if err := s.write(r, o); err != nil {
		io.WriteString(s.err, "marketops-verify: "+show.Escape(err.Error())+"\n")
		return exitError
	}
	return r.ExitCode()
}

func (s env) write(r *verifier.Report, o common) error {
	if o.json {
		return show.JSON(s.out, r)
	}
	return show.Text(s.out, r, show.Options{Color: s.color, Quiet: o.quiet})
}

// unread answers for an input that could not be read: nothing is known about the evidence.
func (s env) unread(kind verifier.Kind, o common, err error) int {
	r := verifier.Refused(kind, "input", nil, marketops.RefuseErr(marketops.SourceUnreadable, "", err))
	if werr := s.write(r, o); werr != nil {
		return exitError
	}
	if o.json {
		io.WriteString(s.err, "marketops-verify: "+show.Escape(err.Error())+"\n")
	}
	return exitError
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
