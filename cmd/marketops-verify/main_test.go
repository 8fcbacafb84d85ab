package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// stage is a folder with the evidence of one world.
type stage struct {
	t        *testing.T
	dir      string
	out, err bytes.Buffer
}

// newStage writes what [clitest.Evidence] does.
func newStage(t *testing.T, play func(*logworld.World)) *stage {
	t.Helper()
	w := logworld.New()
	play(w)
	s := &stage{t: t, dir: t.TempDir()}
	clitest.Evidence(t, s.dir, w)
	return s
}

func (s *stage) write(name string, b []byte) { clitest.Write(s.t, s.dir, name, b) }

// run runs a command line in which @ is the folder.
func (s *stage) run(line string) int {
	s.out.Reset()
	s.err.Reset()
	args := strings.Fields(line)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "@", s.dir+string(filepath.Separator))
	}
	return run(args, &auditor.Env{Out: &s.out, Err: &s.err, Now: logworld.Start.Add(time.Hour).Time})
}

func live(w *logworld.World) { w.Live() }

func TestExitCodes(t *testing.T) {
	good := newStage(t, live)
	digest := logworld.New().Trust().Digest().String()
	good.write("garbage", []byte("hello"))
	good.write("keys/self-signed.json", []byte("{}"))
	missing := newStage(t, func(w *logworld.World) { w.Begin() })
	forked := newStage(t, func(w *logworld.World) {
		w.Live()
		w.File.KnownCheckpoints = []receipt.CheckpointRef{{Origin: logworld.Origin, Size: int64(w.Log.Size()), Root: log.Hash{1}}}
	})
	disputed := newStage(t, func(w *logworld.World) {
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Checkpoint.Root = log.Hash{1} }
		w.Live()
	})
	audit := "audit --log @log --records @records --trust @trust.json"
	for _, tc := range []struct {
		s    *stage
		line string
		exit int
		code string
	}{
		{good, "@w.mopack --trust @trust.json", 0, ""},
		{good, "--trust @trust.json @w.mopack", 0, ""},
		{good, "--trust=@trust.json -- @w.mopack", 0, ""},
		{good, "@w.mopack --trust @trust.json --trust-digest " + digest + " --min-trust-version 1 --at 2026-03-01T13:00:00Z", 0, ""},
		{good, "@w.mopack --trust @trust.json --quiet", 0, ""},
		{good, "@w.mopack --trust @trust.json --require inclusion", 0, ""},
		{good, "@w.mopack --trust @trust.json --require signature", 0, ""},
		{good, audit, 0, ""},
		{good, audit + " --operations @log", 11, "operation-mismatch"},
		{good, audit + " --operations @operations --at 2027-01-01T00:00:00Z", 0, ""},

		{good, "@w.mopack", 11, "trust-missing"},
		{good, "@w.mopack --trust @nowhere.json", 11, "trust-missing"},
		{good, "@w.mopack --trust @garbage", 11, "trust-missing"},
		{good, "@w.mopack --trust @log", 11, "file-unsafe"},
		{good, "@w.mopack --trust @trust.json --trust-digest sha256:" + strings.Repeat("0", 63) + "1", 11, "trust-missing"},
		{good, "@w.mopack --trust @trust.json --min-trust-version 2", 11, "trust-rolled-back"},
		{good, "@w.mopack --trust @trust.json --at 2026-03-01T11:00:00Z", 11, "clock-unsure"},
		{good, "@garbage --trust @trust.json", 11, "pack-malformed"},
		{good, "@keys/self-signed.json --trust @trust.json", 11, "wrong-file"},
		{good, "@w.mopack --trust @trust.json --require quorum", 11, "quorum-unmet"},
		{good, "@w.mopack --trust @trust.json --subject @operations", 11, "content-mismatch"},
		{good, "@w.mopack --trust @trust.json --checkpoint @garbage", 11, "checkpoint-unsigned"},
		{good, "audit --log @log --records @records", 11, "trust-missing"},
		{good, "audit --log @records --records @records --trust @trust.json", 11, "nothing-to-verify"},
		{good, "audit --log @log --records @log --trust @trust.json", 11, "record-withheld"},
		{missing, "@w.mopack --trust @trust.json", 11, "outcome-missing"},
		{missing, audit + " --at 2026-05-01T00:00:00Z", 11, "outcome-missing"},
		{forked, audit, 14, "split-view"},
		{disputed, audit, 11, "root-disputed"},
		{disputed, "@w.mopack --trust @trust.json", 11, "root-disputed"},

		{good, "@nowhere.mopack --trust @trust.json", 1, "source-unreadable"},
		{good, "@log --trust @trust.json", 1, "source-unreadable"},
		{good, "@w.mopack --trust @trust.json --subject @nowhere", 1, "source-unreadable"},
		{good, "@w.mopack --trust @trust.json --checkpoint @nowhere", 1, "source-unreadable"},
		{good, "audit --log @nowhere --records @records --trust @trust.json", 1, "source-unreadable"},
		{good, "audit --log @log --records @w.mopack --trust @trust.json", 1, "source-unreadable"},
		{good, audit + " --operations @nowhere", 1, "source-unreadable"},
		{good, audit + " --operations @w.mopack", 1, "source-unreadable"},

		{good, "", 64, ""},
		{good, "@w.mopack @w.mopack --trust @trust.json", 64, ""},
		{good, "--trust @trust.json", 64, ""},
		{good, "@w.mopack --trust @trust.json --nonsense", 64, ""},
		{good, "@w.mopack --trust @trust.json --require most", 64, ""},
		{good, "@w.mopack --trust @trust.json --at yesterday", 64, ""},
		{good, "@w.mopack --trust @trust.json --trust-digest abc", 64, ""},
		{good, "audit --log @log --trust @trust.json", 64, ""},
		{good, audit + " @w.mopack", 64, ""},
		{good, audit + " --operations=", 64, ""},
	} {
		t.Run(tc.line, func(t *testing.T) {
			if got := tc.s.run(tc.line); got != tc.exit {
				t.Fatalf("exit %d, want %d\n%s%s", got, tc.exit, tc.s.out.String(), tc.s.err.String())
			}
			if tc.exit == auditor.ExitUsage {
				if tc.s.out.Len() != 0 || !strings.Contains(tc.s.err.String(), "usage: ") {
					t.Errorf("stdout %q, stderr %q", tc.s.out.String(), tc.s.err.String())
				}
				return
			}
			if tc.code != "" && !strings.Contains(tc.s.out.String(), tc.code) {
				t.Errorf("%s is not named:\n%s", tc.code, tc.s.out.String())
			}
			if got := tc.s.run(tc.line + " --json"); strings.Contains(tc.line, " -- ") {
				return // everything behind "--" is an argument
			} else if got != tc.exit {
				t.Errorf("exit %d with --json", got)
			}
			var object struct{ Schema, Verdict, Code string }
			d := json.NewDecoder(&tc.s.out)
			if err := d.Decode(&object); err != nil || d.More() {
				t.Fatalf("standard output is not one object: %v", err)
			}
			if object.Schema != "marketops.report/v1" || object.Code != tc.code || (object.Verdict == "verified") != (tc.exit == 0) {
				t.Errorf("%+v", object)
			}
		})
	}
}

// TestForkIsKept: exit code 14 says that both statements are in a file, and names it.
func TestForkIsKept(t *testing.T) {
	var lie, truth []byte
	s := newStage(t, func(w *logworld.World) {
		w.Live()
		lie, truth = w.Log.SignRoot(w.Log.Size(), log.Hash{1}), w.Log.Checkpoint()
	})
	s.write("lie", lie)
	s.write("truth", truth)
	if got := s.run("@w.mopack --trust @trust.json --checkpoint @truth --evidence @kept"); got != 0 {
		t.Fatalf("control: exit %d\n%s", got, s.out.String())
	}
	for _, more := range []string{"", " --json", " --quiet"} {
		got := s.run("@w.mopack --trust @trust.json --checkpoint @lie --evidence @kept" + more)
		kept, err := os.ReadFile(filepath.Join(s.dir, "kept"))
		if got != 14 || err != nil || !bytes.Equal(kept, bytes.Join([][]byte{lie, truth}, []byte("\n"))) || !strings.Contains(s.out.String(), filepath.Join(s.dir, "kept")) {
			t.Errorf("%q: exit %d, %v\n%s", more, got, err, s.out.String())
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	s := &stage{t: t}
	for _, line := range []string{"--help", "-h", "help", "x.mopack --help", "audit --help"} {
		if got := s.run(line); got != 0 || !strings.Contains(s.out.String(), "no network code") || s.err.Len() != 0 {
			t.Errorf("%s: exit %d, %q", line, got, s.err.String())
		}
	}
	if s.run("version") != 0 || !strings.HasPrefix(s.out.String(), "marketops-verify ") {
		t.Error(s.out.String())
	}
}

// TestNoTerminalTricks: a name that a stranger chose reaches the terminal escaped.
func TestNoTerminalTricks(t *testing.T) {
	s := newStage(t, live)
	for _, line := range []string{"@a\x1b[2Jb --trust @trust.json", "@w.mopack --trust @\x1b]0;x", "@w.mopack --\x1b[2J"} {
		s.run(line)
		if text := s.out.String() + s.err.String(); strings.Contains(text, "\x1b") {
			t.Errorf("%q: %q", line, text)
		}
	}
}

// TestWritingFails: a verdict that nobody could read is no success.
func TestWritingFails(t *testing.T) {
	s := newStage(t, live)
	var talk bytes.Buffer
	args := []string{filepath.Join(s.dir, "w.mopack"), "--trust", filepath.Join(s.dir, "trust.json")}
	if got := run(args, &auditor.Env{Out: full{}, Err: &talk, Now: logworld.Start.Add(time.Hour).Time}); got != auditor.ExitError {
		t.Errorf("exit %d", got)
	}
}

// full is a writer without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrClosed }

// TestNoNetworkCode holds the promise of the help text to what is linked.
func TestNoNetworkCode(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		if p == "net" || strings.HasPrefix(p, "net/") || p == "os/exec" || p == "plugin" || strings.Contains(p, "sigstore") || strings.Contains(p, "tessera") || strings.Contains(p, "cobra") {
			t.Errorf("%s is linked", p)
		}
	}
}
