package story

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// githubs holds the practice GitHub of each story, by its work folder.
var (
	githubsMu sync.Mutex
	githubs   = map[string]*background{}
)

// startGitHub starts a practice GitHub that knows a token that may push and one that may only read.
func startGitHub(ts *testscript.TestScript) {
	ready := ts.MkAbs("github.json")
	args := append([]string{"--token-env", "GITHUB_TOKEN", "--read-token-env", "READER_TOKEN", "--ready-file", ready,
		"--repo", "octo-org/widgets", "--repo", "octo-org/gadgets"}, strings.Fields(ts.Getenv(appVariable))...)
	gh := start(ts, []string{"GITHUB_TOKEN", "READER_TOKEN"}, "practice-github", args...)
	githubsMu.Lock()
	githubs[ts.Getenv("WORK")] = gh
	githubsMu.Unlock()
	var at struct{ API, Uploads, Store, Admin string }
	await(ts, "the practice GitHub", gh, func() error {
		b, err := os.ReadFile(ready)
		return errors.Join(err, json.Unmarshal(b, &at))
	})
	ts.Setenv("API", at.API)
	ts.Setenv("UPLOADS", at.Uploads)
	ts.Setenv("STORE", at.Store)
	ts.Setenv("ADMIN", at.Admin)
}

// github stops the practice GitHub; what it saw is gone with it.
func github(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || args[0] != "stop" {
		ts.Fatalf("usage: github stop")
	}
	githubsMu.Lock()
	gh := githubs[ts.Getenv("WORK")]
	githubsMu.Unlock()
	gh.end(syscall.SIGTERM)
}

// ask returns the lines that a subcommand of the practice GitHub prints.
func ask(ts *testscript.TestScript, args ...string) []string {
	c := exec.Command("practice-github", args...)
	c.Path = filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "practice-github")
	c.Err = nil
	out, err := c.CombinedOutput()
	if err != nil {
		ts.Fatalf("practice-github %v: %v\n%s", args, err, out)
	}
	if len(bytes.TrimSpace(out)) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func effects(ts *testscript.TestScript, neg bool, args []string) {
	count(ts, args, ask(ts, "effects", "--admin", ts.Getenv("ADMIN")))
}

func writes(ts *testscript.TestScript, neg bool, args []string) {
	count(ts, args, ask(ts, "requests", "--writes", "--admin", ts.Getenv("ADMIN")))
}

func count(ts *testscript.TestScript, args, lines []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if len(lines) != want {
		ts.Fatalf("%d, want %d:\n%s", len(lines), want, strings.Join(lines, "\n"))
	}
}

func schema(ts *testscript.TestScript, neg bool, args []string) {
	ask(ts, "violations", "--admin", ts.Getenv("ADMIN"))
}

// fault scripts a mishap, in the words of practice-github fault.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	ask(ts, "fault", "--admin", ts.Getenv("ADMIN"), strings.Join(args, " "))
}

// faults demands that every mishap has struck: a story about one that did not is about nothing.
func faults(ts *testscript.TestScript, neg bool, args []string) {
	ask(ts, "fault", "--list", "--admin", ts.Getenv("ADMIN"))
}

// awaitEffects waits until the practice GitHub has changed N times: for a command in the background.
func awaitEffects(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if len(ask(ts, "effects", "--admin", ts.Getenv("ADMIN"))) >= want {
			return
		}
	}
	ts.Fatalf("the practice GitHub did not change %d times", want)
}
