package story

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// begun holds the commands that stories interrupt, by work folder and name.
var (
	begunMu sync.Mutex
	begun   = map[string]*exec.Cmd{}
)

// begin starts a command in the story's environment whose talk can be read while it runs.
func begin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: begin NAME CMD…")
	}
	out, err := os.Create(ts.MkAbs(args[0] + ".txt"))
	ts.Check(err)
	defer out.Close()
	c := exec.Command(program(ts, args[1]), args[2:]...)
	c.Dir, c.Stdout, c.Stderr = ts.MkAbs("."), out, out
	for _, name := range []string{"PATH", "HOME", "XDG_RUNTIME_DIR", "GOCOVERDIR", "MARKETOPS_PASSWORD", "GITHUB_TOKEN", "NO_COLOR"} {
		c.Env = append(c.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(c.Start())
	ts.Defer(func() { c.Process.Kill(); c.Wait() })
	begunMu.Lock()
	defer begunMu.Unlock()
	begun[ts.MkAbs(args[0])] = c
}

// awaitTalk waits until a command that was begun has said something.
func awaitTalk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME TEXT")
	}
	said := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if said = ts.ReadFile(args[0] + ".txt"); strings.Contains(said, args[1]) {
			return
		}
	}
	ts.Fatalf("it never said %q:\n%s", args[1], said)
}

// interrupt is Ctrl-C: one SIGINT, after which the command must end by itself.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: interrupt NAME CODE")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	begunMu.Lock()
	c := begun[ts.MkAbs(args[0])]
	begunMu.Unlock()
	ts.Check(c.Process.Signal(syscall.SIGINT))
	late := time.AfterFunc(patience, func() { c.Process.Kill() })
	defer late.Stop()
	c.Wait()
	if got := c.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d, want %d:\n%s", got, want, ts.ReadFile(args[0]+".txt"))
	}
}

// program is the path of one of the binaries.
func program(ts *testscript.TestScript, name string) string {
	folder, _, _ := strings.Cut(ts.Getenv("PATH"), string(os.PathListSeparator))
	return folder + string(os.PathSeparator) + name
}
