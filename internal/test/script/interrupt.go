package script

import (
	"context"
	"strconv"
	"syscall"

	"github.com/omega/marketops/internal/test/testenv"
	"github.com/rogpeppe/go-internal/testscript"
)

// begin starts a command in the story's environment whose talk can be read while it runs.
func begin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: begin NAME CMD…")
	}
	s := of(ts)
	s.refresh(ts)
	p, err := s.Start(s.Command(context.Background(), args[1], args[2:]...), ts.MkAbs(args[0]+".txt"))
	ts.Check(err)
	s.begun[args[0]] = p
}

func process(ts *testscript.TestScript, name string) *testenv.Server {
	p := of(ts).begun[name]
	if p == nil {
		ts.Fatalf("nothing was begun as %s", name)
	}
	return p
}

// awaitTalk waits until a command that was begun has said something.
func awaitTalk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME TEXT")
	}
	ts.Check(process(ts, args[0]).AwaitText(args[1]))
}

// interrupt is Ctrl-C: one SIGINT, after which the command must end by itself; see ends.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: interrupt NAME [CODE]")
	}
	ts.Check(process(ts, args[0]).Signal(syscall.SIGINT))
	if len(args) == 2 {
		ends(ts, false, args)
	}
}

func ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ends NAME CODE")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	p := process(ts, args[0])
	if got := p.Wait().ExitCode(); got != want {
		ts.Fatalf("exit code %d, want %d:\n%s", got, want, p.Said())
	}
}
