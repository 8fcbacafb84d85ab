package offline_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
	"github.com/omega/marketops/verifier/sigstore"
)

// stage is the current folder with a pack, a bundle and the downloads of one world.
type stage struct {
	t *testing.T
	w *logworld.World
}

func newStage(t *testing.T) *stage {
	s := &stage{t, logworld.New()}
	t.Chdir(t.TempDir())
	s.w.Live()
	s.write("w.mopack", s.w.PackBytes())
	set, err := sigstore.New(s.w.Pack(), s.w.Trust(), s.w.Now, s.w.Digest(0), sigstore.Receipt)
	if err != nil {
		t.Fatal(err)
	}
	s.write("bundle.json", append([]byte("\n "), set.Signed[0].Bundle...))
	s.write("files/widget.tar.gz", []byte("abc"))
	return s
}

func (s *stage) write(name string, b []byte) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) verify(path string, o offline.Options) *verifier.Report {
	s.t.Helper()
	o.At = s.w.Now + 10
	r, err := offline.Verify(path, func() (*trust.Trust, error) { return s.w.Trust(), nil }, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func TestInputIsToldByContent(t *testing.T) {
	s := newStage(t)
	for name, want := range map[string]verifier.Kind{"w.mopack": verifier.OfPack, "bundle.json": verifier.OfBundle} {
		if r := s.verify(name, offline.Options{Subject: "files"}); !r.Verified() || r.Kind != want || r.Fork != nil {
			t.Errorf("%s is a %s: %s %s", name, r.Kind, r.Verdict, r.Code)
		}
	}
	s.write("neither", []byte("hello"))
	if r := s.verify("neither", offline.Options{}); r.Kind != verifier.OfPack || r.Code != marketops.PackMalformed {
		t.Errorf("%s %s", r.Kind, r.Code)
	}
}

// TestDownloads: everything that is not exactly the authorised files is named.
func TestDownloads(t *testing.T) {
	for name, tc := range map[string]struct {
		bend    func(*stage)
		code    marketops.Code
		subject string
		got     string
	}{
		"as authorised": {func(*stage) {}, "", "", ""},
		"changed":       {func(s *stage) { s.write("files/widget.tar.gz", []byte("abd")) }, marketops.ContentMismatch, "widget.tar.gz", "sha256:a52d"},
		"longer":        {func(s *stage) { s.write("files/widget.tar.gz", []byte("abcd")) }, marketops.ContentMismatch, "widget.tar.gz", "4 bytes"},
		"missing":       {func(*stage) { os.Remove("files/widget.tar.gz") }, marketops.ContentMismatch, "widget.tar.gz", "no file"},
		"one more":      {func(s *stage) { s.write("files/more", []byte("x")) }, marketops.ContentMismatch, "more", "1 bytes"},
		"hidden":        {func(s *stage) { s.write("files/.more", []byte("x")) }, marketops.ContentMismatch, ".more", "1 bytes"},
		"a folder":      {func(s *stage) { s.write("files/sub/widget.tar.gz", []byte("abc")) }, marketops.ContentMismatch, "sub", "a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			tc.bend(s)
			for _, input := range []string{"w.mopack", "bundle.json"} {
				r := s.verify(input, offline.Options{Subject: "files"})
				var found verifier.Check
				for _, c := range r.Checks {
					if c.Name == verifier.CheckFiles && c.Status == marketops.Fail {
						found = c
					}
				}
				if r.Code != tc.code || r.Verified() != (tc.code == "") || found.Subject != tc.subject || !strings.Contains(found.Got, tc.got) && input == "w.mopack" {
					t.Errorf("%s: %s %s %+v", input, r.Verdict, r.Code, found)
				}
			}
		})
	}
}

// TestEvidenceIsKept: what exit code 14 says is so.
func TestEvidenceIsKept(t *testing.T) {
	s := newStage(t)
	lie := s.w.Log.SignRoot(s.w.Log.Size(), log.Hash{1})
	s.write("held", lie)
	want := string(lie) + "\n" + string(s.w.Log.Checkpoint())
	for _, input := range []string{"w.mopack", "bundle.json"} {
		r := s.verify(input, offline.Options{Checkpoint: "held"})
		got, err := os.ReadFile(r.Kept)
		if r.ExitCode() != 14 || err != nil || string(got) != want || r.NotKept != "" || !strings.HasPrefix(r.Kept, "marketops-evidence-"+logworld.Origin) {
			t.Errorf("%s: exit %d, kept %q (%v)", input, r.ExitCode(), r.Kept, err)
		}
	}
	if r := s.verify("w.mopack", offline.Options{Checkpoint: "held", Evidence: "mine"}); r.Kept != "mine" {
		t.Errorf("kept %q", r.Kept)
	}
	s.write("other", []byte("precious"))
	r := s.verify("w.mopack", offline.Options{Checkpoint: "held", Evidence: "other"})
	if b, _ := os.ReadFile("other"); string(b) != "precious" || r.Kept != "" || r.NotKept == "" || r.ExitCode() != 14 {
		t.Errorf("exit %d, kept %q, not kept %q, the file is %q", r.ExitCode(), r.Kept, r.NotKept, b)
	}
	s.write("held", s.w.Log.Checkpoint())
	if r := s.verify("w.mopack", offline.Options{Checkpoint: "held", Evidence: "none"}); !r.Verified() || r.Kept != "" {
		t.Errorf("control: %s, kept %q", r.Verdict, r.Kept)
	}
	if _, err := os.Stat("none"); err == nil {
		t.Error("evidence of nothing was written")
	}
}

func TestUnreadableInputs(t *testing.T) {
	s := newStage(t)
	for name, o := range map[string]offline.Options{
		"no pack":       {},
		"no checkpoint": {Checkpoint: "nowhere"},
		"no folder":     {Subject: "nowhere"},
		"a file":        {Subject: "w.mopack"},
		"a folder":      {Checkpoint: "files"},
	} {
		path := "w.mopack"
		if name == "no pack" {
			path = "nowhere"
		}
		if r, err := offline.Verify(path, func() (*trust.Trust, error) { return s.w.Trust(), nil }, o); err == nil || r != nil {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

// TestEmptyFlagsAreMistakes: an unset variable of a script must not switch a question off.
func TestEmptyFlagsAreMistakes(t *testing.T) {
	for _, name := range []string{"at", "trust-digest", "min-trust-version", "require", "subject", "checkpoint", "evidence"} {
		var o offline.Options
		f := flag.NewFlagSet("", flag.ContinueOnError)
		f.SetOutput(io.Discard)
		o.Bind(f)
		if f.Lookup(name) == nil || f.Parse([]string{"--" + name, ""}) == nil {
			t.Errorf("--%s '' is taken", name)
		}
	}
	for _, name := range []string{"log", "records", "operations", "previous", "since", "evidence", "resume"} {
		var o offline.AuditOptions
		f := flag.NewFlagSet("", flag.ContinueOnError)
		f.SetOutput(io.Discard)
		o.Bind(f)
		if f.Lookup(name) == nil || f.Parse([]string{"--" + name, ""}) == nil {
			t.Errorf("--%s '' of an audit is taken", name)
		}
	}
}
