package show_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/show"
	"github.com/omega/marketops/verifier/sigstore"
)

const (
	verified   = "verified (unwitnessed): "
	unknown    = "indeterminate (unwitnessed): outcome-missing"
	refused    = "failed (unwitnessed): not-published"
	authorised = verified + "authorised; a receipt does not show that it was published"
)

// said is the first line of an answer and its exit code.
type said struct {
	line string
	exit int
}

func answer(t *testing.T, r *verifier.Report) said {
	t.Helper()
	var b bytes.Buffer
	if err := show.Text(&b, r, show.Options{}); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(b.String(), "\n")
	return said{first, r.ExitCode()}
}

// downloads are the assets of all operations of a world, as a user holds them.
func downloads(w *logworld.World) *verifier.Files {
	f := &verifier.Files{Found: map[string]verifier.File{}}
	for i := range w.Ops {
		for _, a := range w.Ops[i].Files() {
			f.Found[a.Name] = verifier.File{Size: a.Size, SHA256: a.SHA256}
		}
	}
	return f
}

// state is how far the receipt of a story came, and what the commands say of it.
type state struct {
	story   string
	bend    func(*logworld.World)
	after   marketops.Time // how long after the last record it is verified, in seconds
	pack    said
	subject said   // of a pack with --subject
	outcome string // what the outcome's bundle shows; "": there is no such bundle
}

func done(s string) said { return said{verified + s, 0} }

// TestWhatWasShown: the first line says how far each receipt came, and files are good under a success alone.
func TestWhatWasShown(t *testing.T) {
	open, bad := said{unknown, 11}, said{refused, 11}
	for name, s := range map[string]state{
		"unused":   {"authorised only", nil, 0, done("authorised, not published when this pack was made"), open, ""},
		"expired":  {"authorised only", nil, 100_000, done("authorised, not published when this pack was made, its receipt expired"), open, ""},
		"revoked":  {"revoked before it was claimed", nil, 0, done("authorised, revoked, not published"), bad, ""},
		"claimed":  {"claimed only", nil, 0, done("authorised, claimed, not published when this pack was made"), open, ""},
		"rejected": {"rejected by the ledger after a revocation", nil, 0, done("authorised, rejected, not published (revoked)"), bad, "rejected"},
		"vetoed":   {"rejected for a veto after the claim", nil, 0, done("authorised, rejected, not published (rejected-by-approver)"), bad, "rejected"},
		"failed":   {"failed", nil, 0, done("authorised, publication failed (github-denied)"), bad, "failed"},
		"unknown":  {"published, not closed", logworld.Unknown, 0, done("authorised, unknown whether published (outcome-unknown)"), open, "unknown"},
		"resolved": {"unknown and resolved", nil, 0, done("authorised and published, as alice resolved"), done("authorised and published, as alice resolved"), "unknown"},
		"success":  {"published and closed", nil, 0, done("authorised and published"), done("authorised and published"), "success"},
		"adopted":  {"finished under another receipt", nil, 0, done("authorised and published"), done("authorised and published"), "success"},
	} {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			if s.bend != nil {
				s.bend(w)
			}
			logworld.Stories[s.story](w)
			checkStates(t, w, s)
		})
	}
}

func checkStates(t *testing.T, w *logworld.World, s state) {
	at, files := w.Now+s.after, downloads(w)
	got := map[string]said{
		"pack":    answer(t, verifier.Verify(w.Pack(), w.Trust(), at)),
		"subject": answer(t, verifier.Demand{Files: files}.Verify(w.Pack(), w.Trust(), at)),
		"audit":   answer(t, audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{})),
	}
	want := map[string]said{"pack": s.pack, "subject": s.subject, "audit": {verified + "the log keeps its rules; ", 0}}
	for what, shows := range map[sigstore.Subject]string{sigstore.Receipt: authorised, sigstore.Outcome: verified + "an outcome says " + s.outcome + "; it does not show who approved"} {
		set, err := sigstore.New(w.Pack(), w.Trust(), at, w.Digest(0), what)
		if what == sigstore.Outcome && s.outcome == "" {
			if err == nil {
				t.Error("an outcome was exported that no publisher wrote")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if verified+set.Shown != s.pack.line {
			t.Errorf("the export of the %s says %q", what, set.Shown)
		}
		got[string(what)] = answer(t, verifier.Demand{}.VerifyBundle(set.Signed[0].Bundle, w.Trust(), at))
		want[string(what)] = said{shows, 0}
	}
	for _, command := range slices.Sorted(maps.Keys(want)) {
		if g := got[command]; g.exit != want[command].exit || !strings.HasPrefix(g.line, want[command].line) || command != "audit" && g != want[command] {
			t.Errorf("%s:\n%+v, want\n%+v", command, g, want[command])
		}
	}
}

// TestExecuting: a receipt with an intent and no outcome verifies nowhere, and nothing of it is exported.
func TestExecuting(t *testing.T) {
	w := logworld.New()
	w.Begin()
	for _, d := range []verifier.Demand{{}, {Files: downloads(w)}} {
		if got := answer(t, d.Verify(w.Pack(), w.Trust(), w.Now)); got != (said{unknown, 11}) {
			t.Error(got)
		}
	}
	if _, err := sigstore.New(w.Pack(), w.Trust(), w.Now, w.Digest(0), sigstore.Receipt); err == nil {
		t.Error("exported")
	}
}

// TestPartlyPublished: of two releases the files of one are good, those of the other are not, and alone the first verifies.
func TestPartlyPublished(t *testing.T) {
	w := logworld.New()
	other := logworld.Release("v1.5.0")
	other.Release.Assets = slices.Clone(other.Release.Assets)
	for i := range other.Release.Assets {
		other.Release.Assets[i].Name = "other-" + other.Release.Assets[i].Name
	}
	w.Ops = append(w.Ops, other)
	l := w.Allow()
	w.Authorize(1, l.Submission, l.First, l.Other)
	w.Finish(w.Announce(w.Claim(l.Receipt, logworld.Publisher), logworld.Publisher), logworld.Publisher)
	all := downloads(w)
	if got := answer(t, verifier.Demand{Files: all}.Verify(w.Pack(), w.Trust(), w.Now)); got != (said{unknown, 11}) {
		t.Error(got)
	}
	for name := range all.Found {
		if strings.HasPrefix(name, "other-") {
			delete(all.Found, name)
		}
	}
	want := done("1 authorised and published; 1 authorised, not published when this pack was made")
	if got := answer(t, verifier.Demand{Files: all}.Verify(w.Pack(), w.Trust(), w.Now)); got != want {
		t.Error(got)
	}
}

// TestNothingShown: a report that is not verified shows nothing, in text and in JSON.
func TestNothingShown(t *testing.T) {
	w := logworld.New()
	w.Live()
	wrong := downloads(w)
	for name, f := range wrong.Found {
		f.SHA256 = marketops.DigestOf([]byte("other"))
		wrong.Found[name] = f
	}
	r := verifier.Demand{Files: wrong}.Verify(w.Pack(), w.Trust(), w.Now)
	var b bytes.Buffer
	if err := show.JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	if r.Shown != "" || r.Operations[0].Fate != "" || strings.Contains(b.String(), "published,") || r.Operations[0].Status != receipt.Success {
		t.Errorf("%s", b.String())
	}
	if got := answer(t, r); got != (said{"failed (unwitnessed): content-mismatch", 11}) {
		t.Error(got)
	}
}

// TestQuietSaysWhatWasShown: the one line of --quiet has it as well.
func TestQuietSaysWhatWasShown(t *testing.T) {
	var b bytes.Buffer
	if err := show.Text(&b, packReport(logworld.Stories["revoked before it was claimed"]), show.Options{Quiet: true}); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprint(verified, "authorised, revoked, not published; "); !strings.HasPrefix(b.String(), want) {
		t.Errorf("%q", b.String())
	}
}
