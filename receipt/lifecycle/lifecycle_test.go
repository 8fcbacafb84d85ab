package lifecycle_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
)

// TestStories: nothing is found in what the protocol allows.
func TestStories(t *testing.T) {
	for name, story := range logworld.Stories {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			story(w)
			f := newFeed(t, w)
			for _, change := range []func(*lifecycle.Rules){nil, f.forgetful} {
				if _, found := f.play(change); len(found) > 0 || len(f.refused) > 0 {
					t.Errorf("%v %+v", f.refused, found)
				}
			}
		})
	}
}

// TestAttacks: each attack is found under its codes, of whole logs and whether or not runs are archived.
// A checkpoint that trust.json knows and the time of the cosignatures are rules of the log, not of its records.
func TestAttacks(t *testing.T) {
	for _, a := range logworld.Attacks {
		w := logworld.New()
		a.Story(w)
		if len(w.File.KnownCheckpoints) > 0 || a.Name == "record dated after the cosignatures" {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			want := a.Audit
			if want == nil {
				want = a.Pack
			}
			f := newFeed(t, w)
			_, found := f.play(nil)
			if got := f.codes(found); !slices.Equal(got, slices.Compact(slices.Clone(want))) {
				t.Errorf("%v, want %v: %+v", got, want, found)
			}
			if _, again := f.play(f.forgetful); !slices.Equal(again, found) {
				t.Errorf("with an archive %+v, without %+v", again, found)
			}
		})
	}
}

// TestStatus follows one receipt from record to record.
func TestStatus(t *testing.T) {
	w := logworld.New()
	w.Live()
	want := map[receipt.Kind]receipt.Status{receipt.KindReceipt: receipt.Authorized, receipt.KindClaim: receipt.Claimed, receipt.KindIntent: receipt.Intended,
		receipt.KindOutcome: receipt.Success, receipt.KindRunClosed: receipt.Success}
	f := newFeed(t, w)
	tracker := lifecycle.NewTracker(lifecycle.Rules{Trust: f.trust, Report: func(x lifecycle.Finding) { t.Error(x) }})
	for _, e := range f.entries {
		tracker.Add(e)
		if status := want[e.Record.Body.Kind()]; status != "" && tracker.Receipts()[0].Status() != status {
			t.Errorf("after the %s: %s", e.Record.Body.Kind(), tracker.Receipts()[0].Status())
		}
	}
	if sealed, later := tracker.Sealed(w.Run); !sealed || later != 0 {
		t.Error("the run is not sealed")
	}
}

// TestPending: an intent without outcome is late when the receipt's expiry and the grace are over.
func TestPending(t *testing.T) {
	w := logworld.New()
	l := w.Begin()
	f := newFeed(t, w)
	due := l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt + lifecycle.Grace
	for _, change := range []func(*lifecycle.Rules){nil, f.forgetful} {
		tracker, _ := f.play(change)
		if late, inTime := tracker.Pending(due-1, lifecycle.Grace); len(late) != 0 || len(inTime) != 1 {
			t.Errorf("before: %d late, %d in time", len(late), len(inTime))
		}
		if late, inTime := tracker.Pending(due, lifecycle.Grace); len(late) != 1 || len(inTime) != 0 || late[0].Intents[0].Index != l.Intent.Index {
			t.Errorf("then: %d late, %d in time", len(late), len(inTime))
		}
	}
}

// TestUnresolved counts unknown outcomes until a person decides.
func TestUnresolved(t *testing.T) {
	for _, resolved := range []bool{false, true} {
		w := logworld.New()
		logworld.Unknown(w)
		l := w.Publish()
		if resolved {
			logworld.Resolve(w, l.Outcome, logworld.Alice)
		}
		f := newFeed(t, w)
		for _, change := range []func(*lifecycle.Rules){nil, f.forgetful} {
			if tracker, found := f.play(change); (tracker.Unresolved() == 0) != resolved || len(found) > 0 {
				t.Errorf("resolved %v: %d unresolved, %+v", resolved, tracker.Unresolved(), found)
			}
		}
	}
}

// TestMissing: what is named and not there breaks the order of a whole log, is withheld where a pack need
// not hold it, and is withheld in a log that withholds a record of such a signer.
func TestMissing(t *testing.T) {
	w := logworld.New()
	w.Live()
	f := newFeed(t, w)
	for kind, role := range map[receipt.Kind]trust.Role{receipt.KindSubmission: trust.RolePerson, receipt.KindApproval: trust.RolePerson,
		receipt.KindReceipt: trust.RoleAuthority, receipt.KindClaim: trust.RoleLedger} {
		play := func(contained map[marketops.Digest]bool, withheld bool) []marketops.Code {
			var found []lifecycle.Finding
			tracker := lifecycle.NewTracker(lifecycle.Rules{Trust: f.trust, Contained: contained, Report: func(x lifecycle.Finding) {
				if x.Check != lifecycle.RunClosed {
					found = append(found, x)
				}
			}})
			for _, e := range f.entries {
				switch {
				case e.Record.Body.Kind() != kind:
					tracker.Add(e)
				case withheld:
					tracker.Withheld(e.Position.Index, trust.Holder{Role: role})
				}
			}
			return f.codes(found)
		}
		for name, got := range map[string][]marketops.Code{
			"order-violation": play(nil, false), "record-withheld": play(map[marketops.Digest]bool{}, false), "record-withheld ": play(nil, true),
		} {
			if len(got) == 0 || string(got[0]) != name && string(got[0])+" " != name {
				t.Errorf("no %s: %v, want %s", kind, got, name)
			}
		}
	}
}

// TestState continues from a state after each entry, and finds what a tracker finds that never stopped.
func TestState(t *testing.T) {
	for _, name := range []string{"published and closed", "unknown and resolved", "taken over by another publisher"} {
		w := logworld.New()
		logworld.Stories[name](w)
		w.Claim(w.Entries[slices.IndexFunc(w.Entries, func(e logworld.Entry) bool { return e.Record.Body.Kind() == receipt.KindReceipt })], logworld.Other) // a finding
		f := newFeed(t, w)
		_, want := f.play(f.forgetful)
		if len(want) == 0 {
			t.Fatal("control: nothing is found")
		}
		for stop := range f.entries {
			var got []lifecycle.Finding
			rules := lifecycle.Rules{Trust: f.trust, Gate: gateInto(&got), Document: f.document, After: f.after, Quoted: f.quoted, Reread: f.reread, Report: func(x lifecycle.Finding) { got = append(got, x) }}
			first := lifecycle.NewTracker(rules)
			for _, e := range f.entries[:stop] {
				first.Add(e)
			}
			state, err := first.State()
			if err != nil {
				t.Fatal(err)
			}
			second, err := lifecycle.Resume(rules, whole(state))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range f.entries[stop:] {
				second.Add(e)
			}
			second.Finish()
			if !slices.Equal(got, want) {
				t.Errorf("%s, stopped after %d: %+v, want %+v", name, stop, got, want)
			}
		}
	}
}

// whole is a state as it is read from a file: each section in one piece.
func whole(s *lifecycle.State) *lifecycle.State {
	for i, section := range s.Sections {
		s.Sections[i] = lifecycle.Section{slices.Concat(section...)}
	}
	return s
}

// TestCorruptState: what cannot be a state is refused, and the archive that cannot be read again is found.
func TestCorruptState(t *testing.T) {
	w := logworld.New()
	w.Live()
	f := newFeed(t, w)
	saved := func() *lifecycle.State {
		tracker, _ := f.play(f.forgetful)
		s, err := tracker.State()
		if err != nil {
			t.Fatal(err)
		}
		return whole(s)
	}
	rules := lifecycle.Rules{Trust: f.trust, Reread: f.reread, Report: func(x lifecycle.Finding) { t.Error(x) }}
	if _, err := lifecycle.Resume(rules, saved()); err != nil {
		t.Fatal("control:", err)
	}
	for name, spoil := range map[string]func(*lifecycle.State){
		"the secret":        func(s *lifecycle.State) { s.Secret = s.Secret[1:] },
		"names cut":         func(s *lifecycle.State) { s.Sections[0][0] = s.Sections[0][0][1:] },
		"names in disorder": func(s *lifecycle.State) { n := s.Sections[0][0]; copy(n, slices.Concat(n[20:40], n[:20])) },
		"a run too many":    func(s *lifecycle.State) { s.Sections[0][0][16] = 0xff },
		"runs cut":          func(s *lifecycle.State) { s.Sections[1][0] = s.Sections[1][0][1:] },
		"live receipts cut": func(s *lifecycle.State) { s.Sections[3] = lifecycle.Section{{1}} },
	} {
		s := saved()
		spoil(s)
		if _, err := lifecycle.Resume(rules, s); err == nil {
			t.Errorf("%s: resumed", name)
		}
	}
	for name, spoil := range map[string]func(*lifecycle.State){
		"no text":          func(s *lifecycle.State) { s.Sections[2] = nil },
		"text that is cut": func(s *lifecycle.State) { s.Sections[2][0] = s.Sections[2][0][:1] },
	} {
		s, found := saved(), []lifecycle.Finding(nil)
		spoil(s)
		tracker, err := lifecycle.Resume(lifecycle.Rules{Trust: f.trust, Reread: f.reread, Report: func(x lifecycle.Finding) { found = append(found, x) }}, s)
		if err != nil {
			t.Fatal(name, err)
		}
		tracker.Add(f.entries[len(f.entries)-1])
		if got := f.codes(found); !slices.Contains(got, marketops.LogUnavailable) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// elsewhere are conditions that no attack on one run can break; each names the test that does.
var elsewhere = map[string]string{
	"nothing stands above the seal of a log":                                                                  "verifier/audit.TestShardAttacks",
	"the seal of a log names every entry below it":                                                            "verifier/audit.TestShardAttacks",
	"the seal of a log quotes its root":                                                                       "verifier/audit.TestShardAttacks",
	"a log that continues another says so in its first leaf, under its own origin":                            "verifier/audit.TestShardAttacks",
	"every root that an outcome quotes is the log's at that size":                                             "verifier/audit.TestRootsOfOldSizes",
	"no record of a member of a group of the minimum that was withheld stands between submission and receipt": "verifier/audit.TestErasedVoteOfSomebodyElse",
}

// TestEveryCondition: some attack breaks each condition of the table, and what it is found under is the
// table's code, or that something was withheld.
func TestEveryCondition(t *testing.T) {
	broken := map[*lifecycle.Condition]bool{}
	for _, a := range logworld.Attacks {
		w := logworld.New()
		a.Story(w)
		f := newFeed(t, w)
		_, found := f.play(nil)
		for _, x := range found {
			if x.Condition == nil {
				continue
			}
			broken[x.Condition] = true
			if x.Code != x.Condition.Code && x.Code != marketops.RecordWithheld {
				t.Errorf("%s: %q is found under %s, the table says %s", a.Name, x.Condition.Holds, x.Code, x.Condition.Code)
			}
		}
	}
	for _, c := range lifecycle.Conditions {
		if _, other := elsewhere[c.Holds]; broken[c] == other {
			t.Errorf("%q: broken by an attack: %v, listed as elsewhere: %v", c.Holds, broken[c], other)
		}
	}
}

var update = flag.Bool("update", false, "write the table of docs/formats.md anew")

// TestConditionsPage: docs/formats.md has the table.
func TestConditionsPage(t *testing.T) {
	const path, begin, end = "../../docs/formats.md", "<!-- conditions -->\n", "<!-- end of conditions -->\n"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	table, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatal("the page has no table of conditions")
	}
	want := "| record | what must be so | code |\n|---|---|---|\n"
	for _, c := range lifecycle.Conditions {
		record := "any"
		if c.Record != "" {
			record = "`" + string(c.Record) + "`"
		}
		want += fmt.Sprintf("| %s | %s | `%s` |\n", record, c.Holds, c.Code)
	}
	if table != want && !*update {
		t.Errorf("the table is\n%s\nwant\n%s", table, want)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
