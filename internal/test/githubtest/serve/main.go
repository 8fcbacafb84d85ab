// Serve is the practice GitHub as an executable, for demonstrations and script tests.
//
// Without a subcommand it serves until SIGTERM or SIGINT, and prints one line of JSON when
// it is ready: {"schema":"practice-github/ready/v1","api":…,"uploads":…,"store":…,"admin":…,"pid":…}.
// The subcommands speak to a running one through its admin address:
//
//	serve requests   what arrived, one line each: "POST /repos/o/r/git/refs 201 effect"
//	serve effects    what changed, one line each
//	serve violations what broke GitHub's own description; exit 1 if anything did
//	serve minted     the secrets of the tokens that the App minted, to look for them where they must not be
//	serve fault      script a mishap, list or clear those still to come
//	serve repo       add a repository, a commit, a ref behind the publisher's back
//	serve wait       wait until a server is ready
//
// Exit codes: 0 done, 1 error or violations, 64 usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const (
	exitError = 1
	exitUsage = 64
)

// streams are the process's, or a test's.
type streams struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
}

type command struct {
	name, about string
	run         func(context.Context, []string, streams) error
}

func commands() []command {
	return []command{
		{"requests", "print what arrived", requestsCommand},
		{"effects", "print what changed", effectsCommand},
		{"violations", "print what broke GitHub's description; exit 1 if anything did", violationsCommand},
		{"minted", "print the secrets of the tokens that the App minted", mintedCommand},
		{"fault", "script a mishap, list or clear those still to come", faultCommand},
		{"repo", "add a repository, a commit or a ref behind the publisher's back", repoCommand},
		{"wait", "wait until a server is ready", waitCommand},
	}
}

// errUsage marks a mistake in the command line; what to say has already been said.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	os.Exit(dispatch(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr, os.Getenv}))
}

func dispatch(ctx context.Context, args []string, io streams) int {
	run := serveCommand
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name == args[0] {
				run, args = c.run, args[1:]
				break
			}
		}
	}
	err := run(ctx, args, io)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return exitUsage
	}
	fmt.Fprintln(io.err, "serve:", err)
	return exitError
}

// newFlags is a flag set that prints its usage to stderr.
func newFlags(name, usage string, io streams) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.err)
	f.Usage = func() {
		fmt.Fprintln(io.err, usage)
		f.PrintDefaults()
	}
	return f
}

// parse reads flags; any mistake becomes errUsage, and a call for help stays one.
func parse(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return errUsage
}

func misuse(f *flag.FlagSet, io streams, format string, args ...any) error {
	fmt.Fprintf(io.err, "serve: "+format+"\n", args...)
	f.Usage()
	return errUsage
}
