package verifier_test

import (
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/pack"
)

// alone is a version of the world's trust file without those before it.
func alone(t *testing.T, text []byte) *trust.Trust {
	t.Helper()
	tr, err := trust.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// changed is a run during which a second version came into force, and a third that came since.
func changed() *logworld.World {
	w := logworld.New()
	logworld.Stories["adopted before the receipt"](w)
	w.File.MaxLifetime--
	return w
}

// TestVersionsAtHand: a verdict needs every version from that of a record up to the verifier's own. What is not at
// hand makes it indeterminate, for a pack and for a log.
func TestVersionsAtHand(t *testing.T) {
	w := changed()
	former := func(versions ...[]byte) verifier.Former {
		return func(d marketops.Digest) []byte {
			for _, text := range versions {
				if marketops.DigestOf(text) == d {
					return text
				}
			}
			return nil
		}
	}
	first, second, third := w.Adopted[0], w.Adopted[1], w.TrustBytes()
	for name, tc := range map[string]struct {
		newest []byte
		former verifier.Former
		want   marketops.Code
	}{
		"all":              {third, former(first, second), ""},
		"the newest alone": {third, nil, marketops.TrustUnavailable},
		"one is missing":   {third, former(first), marketops.TrustUnavailable},
		"the oldest":       {third, former(second), marketops.TrustUnavailable},
		"in force then":    {second, former(first), ""},
		"an older one":     {first, nil, marketops.TrustUnavailable},
	} {
		p := w.Pack()
		clear(p.Trust)
		inPack := verifier.Demand{Former: tc.former}.Verify(p, alone(t, tc.newest), w.Now)
		inLog := audit.Audit(w.Log, w.Store, alone(t, tc.newest), audit.Options{Former: tc.former, Document: w.Documents(), Plan: w.Plans()})
		for of, r := range map[string]*verifier.Report{"pack": inPack, "log": inLog} {
			want := verifier.Verified
			if tc.want != "" {
				want = verifier.Indeterminate
			}
			if r.Verdict != want || r.Code != tc.want {
				t.Errorf("%s, %s: %s", name, of, describe(r))
			}
		}
	}
	if r := verifier.Verify(w.Pack(), alone(t, third), w.Now); !r.Verified() {
		t.Error("the pack does not bring its versions:", describe(r))
	}
}

// TestTrustFilesInPacks: a pack holds versions of the verifier's trust file and nothing else, and what it lacks is
// not known to be wrong.
func TestTrustFilesInPacks(t *testing.T) {
	other := logworld.New()
	other.File.MaxLifetime -= 5
	for name, tc := range map[string]struct {
		newest int // of the two that were in force, or the third
		bend   func(w *logworld.World, p *pack.Pack)
		want   marketops.Code
	}{
		"as it is":                    {3, func(*logworld.World, *pack.Pack) {}, ""},
		"for the one who has it":      {2, func(*logworld.World, *pack.Pack) {}, ""},
		"for the one who has the old": {1, func(*logworld.World, *pack.Pack) {}, marketops.TrustUnavailable},
		"a version of another file": {3, func(_ *logworld.World, p *pack.Pack) {
			p.Trust[marketops.DigestOf(other.TrustBytes())] = other.TrustBytes()
		}, marketops.PackMalformed},
		"no trust file":                {3, func(_ *logworld.World, p *pack.Pack) { p.Trust[logworld.Policy] = []byte("{}") }, marketops.PackMalformed},
		"a version under another name": {3, func(w *logworld.World, p *pack.Pack) { p.Trust[logworld.Policy] = w.Adopted[0] }, marketops.PackMalformed},
		"exchanged":                    {3, func(w *logworld.World, p *pack.Pack) { p.Trust[marketops.DigestOf(w.Adopted[1])] = w.Adopted[0] }, marketops.TrustMissing},
		"what took it into force left out": {3, func(w *logworld.World, p *pack.Pack) {
			leaveOut(3)(w, p)
		}, marketops.RecordWithheld},
	} {
		w := changed()
		p := w.Pack()
		newest := [][]byte{w.Adopted[0], w.Adopted[1], w.TrustBytes()}[tc.newest-1]
		tc.bend(w, p)
		if r := verifier.Verify(p, alone(t, newest), w.Now); r.Code != tc.want || r.Verified() != (tc.want == "") {
			t.Errorf("%s: %s", name, describe(r))
		}
	}
}

// TestPackBeginsUnderItsVersion: a run whose records all stand above a version needs none before it, but for what
// took it into force.
func TestPackBeginsUnderItsVersion(t *testing.T) {
	w := logworld.New()
	w.Live()
	w.File.MaxLifetime = 7200
	adopted := w.Adopt()
	w.Run, w.Entries, w.Evidence = marketops.NewRunID([16]byte{2}), []logworld.Entry{adopted}, nil
	w.Ops = []marketops.Operation{logworld.Release("v2.0.0")}
	w.Live()
	p := w.Pack()
	maps.DeleteFunc(p.Trust, func(d marketops.Digest, _ []byte) bool { return d == marketops.DigestOf(w.Adopted[0]) })
	if r := verifier.Verify(p, alone(t, w.Adopted[1]), w.Now); !r.Verified() {
		t.Error(describe(r))
	}
	w.Drop(receipt.KindTrustAdopted)
	r := verifier.Verify(w.Pack(), w.Trust(), w.Now)
	if r.Verdict != verifier.Indeterminate || r.Code != marketops.RecordWithheld {
		t.Error("without what took its version into force:", describe(r))
	}
}

// TestUnjudgedLog: from the first record whose version is not at hand on an audit judges nothing, and keeps no state.
func TestUnjudgedLog(t *testing.T) {
	w := changed()
	saved := 0
	r := audit.Audit(w.Log, w.Store, alone(t, w.Adopted[0]), audit.Options{Save: func(func(io.Writer) error) error { saved++; return nil }})
	if r.Verdict != verifier.Indeterminate || saved != 0 {
		t.Errorf("%d states: %s", saved, describe(r))
	}
	i := slices.IndexFunc(r.Counts, func(c verifier.Count) bool { return c.Name == "not judged" })
	if i < 0 || r.Counts[i].Count != w.Log.Size()-3 {
		t.Errorf("%+v", r.Counts)
	}
}

// TestAdoptionLeftOut: a pack that lacks the record which took a version into force is undecided, also where a key of that
// version signed below the receipt. Control: the whole pack.
func TestAdoptionLeftOut(t *testing.T) {
	w := logworld.New()
	sub := w.Submit()
	alice := w.Vote(sub, logworld.Alice, "approve")
	w.File.Persons[2].Keys = append(w.File.Persons[2].Keys, w.File.Persons[2].Keys[0])
	w.File.Persons[2].Keys[0].SPKI = spki(logworld.Stranger)
	w.Adopt()
	carol := w.Vote(sub, logworld.Stranger, "approve")
	w.Finish(w.Announce(w.Claim(w.Authorize(0, sub, alice, carol), logworld.Publisher), logworld.Publisher), logworld.Publisher)
	if r := verifier.Verify(w.Pack(), w.Trust(), w.Now); !r.Verified() {
		t.Fatal("whole:", describe(r))
	}
	w.Entries = slices.DeleteFunc(w.Entries, func(e logworld.Entry) bool { return e.Record.Body.Kind() == receipt.KindTrustAdopted })
	if r := verifier.Verify(w.Pack(), w.Trust(), w.Now); r.Verdict != verifier.Indeterminate || r.Code != marketops.RecordWithheld {
		t.Error(describe(r))
	}
}

// TestNewKeyForAnOldVerifier: a key that only a later version lists is not judged above the place where that version came
// into force. Below it the same key is unknown.
func TestNewKeyForAnOldVerifier(t *testing.T) {
	live := func(before func(w *logworld.World, sub logworld.Entry)) *logworld.World {
		w := logworld.New()
		publishers := w.File.Publishers
		w.File.Publishers = publishers[:1]
		sub := w.Submit()
		a, b := w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")
		before(w, sub)
		w.File.Publishers = publishers
		w.Adopt()
		c := w.Claim(w.Authorize(0, sub, a, b), logworld.Other)
		w.Finish(w.Announce(c, logworld.Other), logworld.Other)
		return w
	}
	sound := live(func(*logworld.World, logworld.Entry) {})
	if r := verifier.Verify(sound.Pack(), sound.Trust(), sound.Now); !r.Verified() {
		t.Error("control:", describe(r))
	}
	if r := verifier.Verify(sound.Pack(), alone(t, sound.Adopted[0]), sound.Now); r.Verdict != verifier.Indeterminate || r.Code != marketops.TrustUnavailable {
		t.Error("above:", describe(r))
	}
	forged := live(func(w *logworld.World, sub logworld.Entry) { w.Vote(sub, logworld.Stranger, "approve") })
	if r := verifier.Verify(forged.Pack(), alone(t, forged.Adopted[0]), forged.Now); r.Verdict != verifier.Failed || !slices.Contains(codes(r), "key-unknown") {
		t.Error("below:", describe(r))
	}
}
