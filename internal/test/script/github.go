package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/omega/marketops/internal/test/testenv"
	"github.com/rogpeppe/go-internal/testscript"
)

// StartGitHub starts the practice GitHub of a story, whose addresses the story then knows.
func StartGitHub(ts *testscript.TestScript) {
	s := of(ts)
	s.refresh(ts)
	ts.Check(s.StartGitHub())
	ts.Setenv("API", s.API)
	ts.Setenv("UPLOADS", s.Uploads)
	ts.Setenv("STORE", s.Store)
	ts.Setenv("ADMIN", s.Admin)
}

// github stops the practice GitHub; what it saw is gone with it.
func github(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || args[0] != "stop" {
		ts.Fatalf("usage: github stop")
	}
	of(ts).GitHub.Stop(syscall.SIGTERM)
}

// ask returns the lines that a subcommand of the practice GitHub prints.
func ask(ts *testscript.TestScript, args ...string) []string {
	out, err := exec.Command(filepath.Join(of(ts).Bin, "practice-github"), args...).CombinedOutput()
	if err != nil {
		ts.Fatalf("practice-github %v: %v\n%s", args, err, out)
	}
	if len(bytes.TrimSpace(out)) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// admin is the answer of the practice GitHub's admin address.
func admin(ts *testscript.TestScript, what string) []byte {
	answer, err := http.Get(ts.Getenv("ADMIN") + what)
	ts.Check(err)
	b, err := io.ReadAll(answer.Body)
	ts.Check(errors.Join(err, answer.Body.Close()))
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", what, answer.Status)
	}
	return b
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

func effect(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: effect N TEXT")
	}
	var found []string
	for _, line := range ask(ts, "effects", "--admin", ts.Getenv("ADMIN")) {
		if strings.HasPrefix(line, args[1]) {
			found = append(found, line)
		}
	}
	count(ts, args[:1], found)
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

// release ends the delays of all mishaps that are under way.
func release(ts *testscript.TestScript, neg bool, args []string) {
	ask(ts, "fault", "--release", "--admin", ts.Getenv("ADMIN"))
}

// awaitEffects waits until the practice GitHub has changed N times: for a command in the background.
func awaitEffects(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(testenv.Await(func() error {
		var seen []json.RawMessage
		err := json.Unmarshal(admin(ts, "effects"), &seen)
		if len(seen) < want {
			err = errors.Join(err, fmt.Errorf("the practice GitHub changed %d times, not %d", len(seen), want))
		}
		return err
	}))
}
