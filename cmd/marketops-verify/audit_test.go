package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
)

const auditAll = "audit --log @log --records @records --trust @trust.json"

// TestSince proves a log against a checkpoint that was kept; of a fork both checkpoints are kept.
func TestSince(t *testing.T) {
	s := newStage(t, func(w *logworld.World) { w.Live() })
	w := logworld.New()
	w.Live()
	s.write("old", w.Log.CheckpointAt(5))
	s.write("forked", w.Log.SignRoot(5, log.Hash{1}))
	if exit := s.run(auditAll + " --since @old --evidence @evidence"); exit != 0 || !strings.Contains(s.out.String(), "new since size 5:") {
		t.Errorf("exit %d\n%s%s", exit, s.out.String(), s.err.String())
	}
	kept := filepath.Join(s.dir, "evidence")
	if _, err := os.Stat(kept); err == nil {
		t.Error("evidence of nothing")
	}
	if exit := s.run(auditAll + " --since @forked --evidence @evidence"); exit != 14 {
		t.Errorf("exit %d\n%s%s", exit, s.out.String(), s.err.String())
	}
	if !strings.Contains(s.out.String(), kept) {
		t.Error(s.out.String())
	}
	b, err := os.ReadFile(kept)
	if err != nil || strings.Count(string(b), "log.example.com\n") != 2 {
		t.Errorf("%s %v", b, err)
	}
	s.write("current", w.Log.CheckpointAt(5))
	if exit := s.run("compare @evidence --trust @trust.json"); exit != 11 && exit != 0 { // of two sizes: the proof is the log
		t.Errorf("exit %d\n%s%s", exit, s.out.String(), s.err.String())
	}
	if exit := s.run("compare @forked @current --trust @trust.json"); exit != 14 {
		t.Errorf("exit %d\n%s%s", exit, s.out.String(), s.err.String())
	}
	if exit := s.run("compare @forked @current --trust @trust.json --min-trust-version 2"); exit != 11 || !strings.Contains(s.out.String(), "trust-rolled-back") {
		t.Errorf("exit %d\n%s%s", exit, s.out.String(), s.err.String())
	}
	if exit := s.run(auditAll + " --since @nowhere"); exit != auditor.ExitError {
		t.Errorf("exit %d", exit)
	}
}

// TestResume keeps the state of an audit in a file and goes on from it. A file that others may
// write is not believed.
func TestResume(t *testing.T) {
	s := newStage(t, live)
	for range 2 {
		if exit := s.run(auditAll + " --resume @state"); exit != 0 {
			t.Fatalf("exit %d\n%s%s", exit, s.out.String(), s.err.String())
		}
	}
	if !strings.Contains(s.out.String(), "believes the resume file") {
		t.Error("it does not say what it believed:", s.out.String())
	}
	path := filepath.Join(s.dir, "state")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if exit := s.run(auditAll + " --resume @state"); exit != auditor.ExitError {
		t.Errorf("a file that everybody may write: exit %d", exit)
	}
	s.write("damaged", []byte("marketops.audit-state/v1\n"))
	if exit := s.run(auditAll + " --resume @damaged --json"); exit != 11 || !strings.Contains(s.out.String(), "config-invalid") {
		t.Errorf("exit %d %s", exit, s.out.String())
	}
	if exit := s.run(auditAll + " --resume @state --hash-only"); exit != auditor.ExitUsage {
		t.Errorf("exit %d", exit)
	}
}

func TestHashOnly(t *testing.T) {
	s := newStage(t, live)
	if exit := s.run("audit --log @log --trust @trust.json --hash-only"); exit != 11 || !strings.Contains(s.out.String(), "no signature of one was checked") || !strings.Contains(s.out.String(), "indeterminate") {
		t.Errorf("exit %d\n%s", exit, s.out.String())
	}
}

// TestProgress counts what is written while a clock runs a second with each look at it.
func TestProgress(t *testing.T) {
	s := newStage(t, func(w *logworld.World) { w.Grow(230) })
	for _, tc := range []struct {
		flag     string
		terminal bool
		want     int
		in       string
	}{
		{"", true, 14, "\r"}, {"", false, 1, "\n"}, {" --json", true, 0, ""}, {" --quiet", false, 0, ""},
	} {
		s.out.Reset()
		s.err.Reset()
		clock := logworld.Start.Add(0).Time()
		args := strings.Fields(strings.ReplaceAll(auditAll+tc.flag, "@", s.dir+string(filepath.Separator)))
		exit := run(args, &auditor.Env{Out: &s.out, Err: &s.err, Terminal: tc.terminal, Now: func() time.Time {
			clock = clock.Add(time.Second)
			return clock
		}})
		if n := strings.Count(s.err.String(), "entries, "); exit != 0 || n != tc.want || tc.want > 0 && !strings.Contains(s.err.String(), tc.in) {
			t.Errorf("%q terminal %v: exit %d, %d times\n%q", tc.flag, tc.terminal, exit, n, s.err.String())
		}
	}
}
