package script

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/omega/marketops/internal/test/testenv"
	"github.com/rogpeppe/go-internal/testscript"
)

func world(ts *testscript.TestScript, neg bool, args []string) {
	StartGitHub(ts)
	s := of(ts)
	makeState(ts, s, args)
	for _, c := range s.Witnesses {
		ts.Check(c.Start(ts.Getenv("LOG")))
	}
	core(ts, false, []string{"start"})
	WriteProject(ts)
}

// makeState makes the state folder as the arguments of world say, and LOG the log's verifier key if there
// are witnesses, who must know it.
func makeState(ts *testscript.TestScript, s *story, args []string) {
	flags := s.WitnessFlags()
	encrypted := len(args) > 0 && args[0] == "init"
	if encrypted {
		args = args[1:]
	}
	if flags = append(flags, args...); len(flags) == 0 && !encrypted {
		ts.Check(s.MakeState())
		return
	}
	out, err := s.Init(flags...)
	ts.Check(err)
	if !encrypted {
		ts.Check(s.DecryptKeys())
	}
	for line := range strings.Lines(string(out)) {
		if vkey, ok := strings.CutPrefix(strings.TrimSpace(line), "log "); ok {
			ts.Setenv("LOG", vkey)
		}
	}
}

// makeStateHere makes a state folder and starts nothing.
func makeStateHere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: state")
	}
	s := of(ts)
	s.refresh(ts)
	ts.Check(s.MakeState())
}

// WriteProject writes what of a small project the story does not bring itself, and the addresses of the
// practice GitHub into every *.yaml.
func WriteProject(ts *testscript.TestScript) {
	api, uploads := ts.Getenv("API"), ts.Getenv("UPLOADS")
	for name, text := range testenv.Project(api, uploads) {
		if _, err := os.Stat(ts.MkAbs(name)); err == nil {
			continue // the story brings its own
		}
		ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(name)), 0o755))
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
	replaceInYAML(ts, "${API}", api, "${UPLOADS}", uploads)
}

func replaceInYAML(ts *testscript.TestScript, oldnew ...string) {
	found, err := filepath.Glob(ts.MkAbs("*.yaml"))
	ts.Check(err)
	for _, path := range found {
		text := strings.NewReplacer(oldnew...).Replace(ts.ReadFile(path))
		ts.Check(os.WriteFile(path, []byte(text), 0o644))
	}
}

func core(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: core start|stop|kill|refuses|pause|resume")
	}
	s := of(ts)
	s.refresh(ts)
	switch args[0] {
	case "start":
		ts.Check(s.StartCore(args[1:]...))
	case "stop", "kill":
		state := s.Core.Stop(map[string]os.Signal{"stop": syscall.SIGTERM, "kill": syscall.SIGKILL}[args[0]])
		if args[0] == "stop" && !state.Success() {
			ts.Fatalf("the Core did not stop cleanly: %v", state)
		}
		ts.Check(os.WriteFile(ts.MkAbs("core.txt"), []byte(s.Core.Said()), 0o644))
	case "pause":
		ts.Check(s.Core.Signal(syscall.SIGSTOP))
	case "resume":
		ts.Check(s.Core.Signal(syscall.SIGCONT))
	case "refuses":
		refuses(ts, s, args[1:])
	default:
		ts.Fatalf("core %s?", args[0])
	}
}

// refuses starts a Core that must end by itself with this exit code; core.txt has what it said.
func refuses(ts *testscript.TestScript, s *story, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	p, err := s.Serve("marketops-core", append([]string{"serve"}, args[1:]...)...)
	ts.Check(err)
	got := p.Wait().ExitCode()
	ts.Check(os.WriteFile(ts.MkAbs("core.txt"), []byte(p.Said()), 0o644))
	if got != want {
		ts.Fatalf("the Core ended with %d, want %d", got, want)
	}
}

func authorised(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: authorised DIR")
	}
	authorise(ts, []string{"plan", "-o", args[0]}, args[0])
}

// authorise brings a plan that a command makes to its receipts.
func authorise(ts *testscript.TestScript, plan []string, dir string) {
	for _, line := range [][]string{plan, {"submit", dir}, {"approve", dir, "--key", "alice.pem"}, {"authorize", dir}} {
		ts.Check(ts.Exec("marketops", line...))
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := exitCode(ts, ts.Exec(args[1], args[2:]...)); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func exitCode(ts *testscript.TestScript, err error) int {
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		return exited.ExitCode()
	}
	ts.Check(err)
	return 0
}
