package show_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/show"
)

var update = flag.Bool("update", false, "write the golden files")

func packReport(bend func(*logworld.World)) *verifier.Report {
	w := logworld.New()
	bend(w)
	return verifier.Verify(w.Pack(), w.Trust(), w.Now)
}

func demanded(d verifier.Demand) *verifier.Report {
	w := logworld.New()
	w.Live()
	r := d.Verify(w.Pack(), w.Trust(), w.Now)
	if r.Fork != nil {
		r.Kept = "evidence.txt"
	}
	return r
}

func TestGoldens(t *testing.T) {
	audited := logworld.New()
	audited.Live()
	for name, r := range map[string]*verifier.Report{
		"verified": packReport(func(w *logworld.World) { w.Live() }),
		"witnessed": packReport(func(w *logworld.World) {
			logworld.Witness(w)
			w.Live()
			w.Now += 60
		}),
		"failed": packReport(func(w *logworld.World) {
			w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).Target.RepositoryID = 43 }
			l := w.Begin()
			w.Refuse(marketops.ContentMismatch)
			w.Finish(l.Intent, logworld.Publisher)
		}),
		"several": packReport(logworld.Stories["finished under a third receipt"]),
		"partly": packReport(func(w *logworld.World) {
			w.Ops = append(w.Ops, logworld.Release("v1.5.0"))
			w.Live()
		}),
		"lowered":       demanded(verifier.Demand{Require: verifier.Signature}),
		"forked":        demanded(verifier.Demand{Held: logtest.New(logworld.Origin, logworld.LogKey).SignRoot(8, log.Hash{1})}),
		"indeterminate": packReport(func(w *logworld.World) { w.Begin() }),
		"refused":       verifier.Refused(verifier.OfPack, verifier.CheckTrust, nil, marketops.Refuse(marketops.TrustMissing, "no --trust")),
		"audit":         audit.Audit(audited.Log, audited.Store, audited.Trust(), audit.Options{}),
		"zero":          {},
	} {
		var text bytes.Buffer
		if err := show.Text(&text, r, show.Options{}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(want, text.Bytes()) {
			t.Errorf("%s (%v):\n%s", name, err, text.String())
		}
	}
}

func TestColourOnlyRepeats(t *testing.T) {
	r := packReport(func(w *logworld.World) { w.Begin() })
	var plain, color bytes.Buffer
	if err := errors.Join(show.Text(&plain, r, show.Options{}), show.Text(&color, r, show.Options{Color: true})); err != nil {
		t.Fatal(err)
	}
	bare := color.String()
	for _, c := range []string{"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"} {
		bare = strings.ReplaceAll(bare, c, "")
	}
	if bare != plain.String() || bare == color.String() {
		t.Error("colour says more than words, or there is none")
	}
}

func TestQuiet(t *testing.T) {
	var b bytes.Buffer
	if err := show.Text(&b, packReport(func(w *logworld.World) { w.Live() }), show.Options{Quiet: true}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "verified (unwitnessed): ") {
		t.Errorf("%q", got)
	}
}

// hostile is a report whose every text holds this.
func hostile(s string) *verifier.Report {
	r := verifier.NewReport(verifier.OfPack, nil, 1)
	r.Fail(verifier.Check{Name: s, Subject: s, Code: marketops.Code(s), Expected: s, Got: s, Detail: s})
	r.Pass("a"+s, s, s)
	r.Skip("b", s, s)
	r.Uncovered(s)
	r.Operations = append(r.Operations, verifier.Operation{Receipt: marketops.NewReceiptID([16]byte{1}), Kind: marketops.Kind(s), Repository: s, Resource: s, URL: s, Status: receipt.Status(s), Requester: s,
		Approvers: []string{s}, Authority: []string{s}, Publisher: s, Positions: []verifier.Place{{Record: receipt.Kind(s)}}})
	r.Refusals = append(r.Refusals, verifier.Refusal{Code: marketops.Code(s), By: s})
	r.Counts = append(r.Counts, verifier.Count{Name: s})
	r.Fork, r.Kept, r.NotKept, r.Level, r.Lowered = &verifier.Fork{Held: s, Given: s}, s, s, verifier.Signature, true
	r.Conclude()
	return r
}

// TestNothingMovesTheCursor feeds every byte and the characters that hide or turn text (J1).
func TestNothingMovesTheCursor(t *testing.T) {
	var all []string
	for b := range 256 {
		all = append(all, string([]byte{byte(b)}), string(rune(b)))
	}
	for _, r := range "\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ufffd\U000e0041\U0001f600\ufff9" {
		all = append(all, string(r))
	}
	all = append(all, "\x1b]8;;http://x\x07", "\x1b[2J", "ok\rverified: 9 of 9")
	for _, s := range all {
		var text, object bytes.Buffer
		r := hostile("<" + s + ">")
		if err := errors.Join(show.Text(&text, r, show.Options{}), show.JSON(&object, r)); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		for what, out := range map[string]string{"text": text.String(), "JSON": object.String()} {
			for _, c := range out {
				if c != '\n' && !unicode.IsPrint(c) || c == unicode.ReplacementChar && what == "text" && s != "\ufffd" {
					t.Errorf("%s of %q holds %U", what, s, c)
					break
				}
			}
		}
		if strings.Count(object.String(), "\n") != 1 {
			t.Errorf("%q: JSON of several lines", s)
		}
	}
}

func TestJSON(t *testing.T) {
	for name, r := range map[string]*verifier.Report{"verified": packReport(func(w *logworld.World) { w.Live() }), "failed": packReport(func(w *logworld.World) { w.Submit() }), "nil": nil, "bidi": hostile("a\u202eb\x1b\U000e0041")} {
		var b bytes.Buffer
		if err := show.JSON(&b, r); err != nil {
			t.Fatal(err)
		}
		var got verifier.Report
		if err := json.Unmarshal(b.Bytes(), &got, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, b.String())
		}
		if got.Schema != "marketops.report/v1" || got.Verdict == "" || got.Checks == nil || got.NotCovered == nil || got.Operations == nil {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Verified() {
			t.Error("a report that was read is no verification")
		}
		if r != nil && fmt.Sprint(got.Checks) != fmt.Sprint(r.Checks) {
			t.Errorf("%s: the checks came back as %v", name, got.Checks)
		}
	}
}

func TestManyFailuresAreCut(t *testing.T) {
	r := verifier.NewReport(verifier.OfAudit, nil, 1)
	for i := range verifier.MaxChecks + 5 {
		r.Fail(verifier.Check{Name: "records", Subject: fmt.Sprint(i), Code: marketops.LeafMismatch})
	}
	r.Conclude()
	var b bytes.Buffer
	if err := show.Text(&b, r, show.Options{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "✗"); n != show.MaxLines || !strings.Contains(b.String(), fmt.Sprintf("and %d more", verifier.MaxChecks-show.MaxLines)) || r.Omitted != 5 {
		t.Errorf("%d lines, %d omitted", n, r.Omitted)
	}
}
