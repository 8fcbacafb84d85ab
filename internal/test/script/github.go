package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/omega/marketops/internal/test/githubtest"
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

// admin is the answer of the practice GitHub's admin address, which its subcommands ask too.
func admin(ts *testscript.TestScript, method, what string, in any) []byte {
	body, err := json.Marshal(in)
	ts.Check(err)
	req, err := http.NewRequest(method, ts.Getenv("ADMIN")+what, bytes.NewReader(body))
	ts.Check(err)
	answer, err := http.DefaultClient.Do(req)
	ts.Check(err)
	b, err := io.ReadAll(answer.Body)
	ts.Check(errors.Join(err, answer.Body.Close()))
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s: %s", what, answer.Status, b)
	}
	return b
}

// list is one of the practice GitHub's lists, and lines is how its subcommand prints it.
func list[T any](ts *testscript.TestScript, what string) (all []T) {
	ts.Check(json.Unmarshal(admin(ts, http.MethodGet, what, nil), &all))
	return all
}

func lines[T any](all []T) (out []string) {
	for _, one := range all {
		out = append(out, fmt.Sprint(one))
	}
	return out
}

func effects(ts *testscript.TestScript, neg bool, args []string) {
	count(ts, args, lines(list[githubtest.Effect](ts, "effects")))
}

func writes(ts *testscript.TestScript, neg bool, args []string) {
	requests := slices.DeleteFunc(list[githubtest.Request](ts, "requests"), func(r githubtest.Request) bool { return r.Method == http.MethodGet })
	count(ts, args, lines(requests))
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
	found := slices.DeleteFunc(lines(list[githubtest.Effect](ts, "effects")), func(line string) bool { return !strings.HasPrefix(line, args[1]) })
	count(ts, args[:1], found)
}

func schema(ts *testscript.TestScript, neg bool, args []string) {
	if found := list[githubtest.Violation](ts, "violations"); len(found) > 0 {
		ts.Fatalf("%d violations of GitHub's description:\n%s", len(found), strings.Join(lines(found), "\n"))
	}
}

// fault scripts a mishap, in the words of practice-github fault.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	admin(ts, http.MethodPost, "faults", strings.Join(args, " "))
}

// faults demands that every mishap has struck: a story about one that did not is about nothing.
func faults(ts *testscript.TestScript, neg bool, args []string) {
	if left := list[githubtest.Fault](ts, "faults"); len(left) > 0 {
		ts.Fatalf("%d faults never struck: %+v", len(left), left)
	}
}

// awaitFaults waits until every mishap has struck: for a command in the background that a delay holds.
func awaitFaults(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(testenv.Await(func() error {
		if left := list[githubtest.Fault](ts, "faults"); len(left) > 0 {
			return fmt.Errorf("%d faults have not struck: %+v", len(left), left)
		}
		return nil
	}))
}

// release ends the delays of all mishaps so far.
func release(ts *testscript.TestScript, neg bool, args []string) {
	admin(ts, http.MethodPost, "release", nil)
}

// awaitEffects waits until the practice GitHub has changed N times: for a command in the background.
func awaitEffects(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(testenv.Await(func() error {
		if n := len(list[githubtest.Effect](ts, "effects")); n < want {
			return fmt.Errorf("the practice GitHub changed %d times, not %d", n, want)
		}
		return nil
	}))
}
