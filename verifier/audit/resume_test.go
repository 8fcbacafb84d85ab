package audit_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// every is all stories and all attacks.
func every() map[string]func(*logworld.World) {
	all := map[string]func(*logworld.World){"many": func(w *logworld.World) { w.Grow(300) }}
	for name, story := range logworld.Stories {
		all["story: "+name] = story
	}
	for _, a := range logworld.Attacks {
		all["attack: "+a.Name] = a.Story
	}
	all["frozen"] = func(w *logworld.World) { w.Live(); freeze(w) }
	all["above the seal"] = func(w *logworld.World) {
		w.Live()
		freeze(w)
		w.Refuse(marketops.Expired)
		w.Refuse(marketops.Stale)
	}
	all["goes on after another"] = func(w *logworld.World) { goOn(w, freeze(w)); w.Live() }
	return all
}

func options(w *logworld.World) audit.Options {
	return audit.Options{At: w.Now + 5*86400, Document: w.Documents(), Plan: w.Plans()}
}

// findings is what a report found, without what it says about the way to it.
func findings(r *verifier.Report) (out []verifier.Check) {
	for _, c := range r.Checks {
		if c.Name != audit.CheckResume {
			out = append(out, c)
		}
	}
	return out
}

func alike(t *testing.T, want, got *verifier.Report) {
	t.Helper()
	if got.Verdict != want.Verdict || got.Code != want.Code || got.ExitCode() != want.ExitCode() || !slices.Equal(findings(got), findings(want)) || !slices.Equal(got.Counts, want.Counts) {
		t.Errorf("%s\nwant\n%s", describe(got), describe(want))
	}
}

// TestForgettingChangesNothing: a tracker that forgets all that it can, and reads it again, finds the same.
func TestForgettingChangesNothing(t *testing.T) {
	for name, story := range every() {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			story(w)
			alike(t, audit.Audit(w.Log, w.Store, w.Trust(), options(w)), audit.Audit(w.Log, w.Store, w.Trust(), options(w).Forgetful()))
		})
	}
}

// keep is for [audit.Options.Save].
func keep(f func(state []byte)) func(func(io.Writer) error) error {
	return func(write func(io.Writer) error) error {
		var b bytes.Buffer
		err := write(&b)
		f(b.Bytes())
		return err
	}
}

// TestResumeChangesNothing stops an audit after each entry and goes on from what it saved there.
func TestResumeChangesNothing(t *testing.T) {
	for name, story := range every() {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			story(w)
			want := audit.Audit(w.Log, w.Store, w.Trust(), options(w))
			var states [][]byte
			o := options(w)
			o.SaveEvery, o.Save = 1, keep(func(b []byte) { states = append(states, b) })
			alike(t, want, audit.Audit(w.Log, w.Store, w.Trust(), o))
			for i := 0; i < len(states); i += len(states)/8 + 1 {
				o := options(w)
				o.State = states[i]
				r := audit.Audit(w.Log, w.Store, w.Trust(), o)
				alike(t, want, r)
				if !strings.Contains(strings.Join(r.NotCovered, "\n"), "resume file") {
					t.Error("the report does not say what it believes")
				}
			}
			if len(states) == 0 && want.Verified() {
				t.Error("nothing was saved")
			}
		})
	}
}

// TestResumeSeesWhatCameLater goes on from the end of a log that grew since.
func TestResumeSeesWhatCameLater(t *testing.T) {
	w := logworld.New()
	l := w.Publish()
	var state []byte
	o := audit.Options{Save: keep(func(b []byte) { state = b })}
	if r := audit.Audit(w.Log, w.Store, w.Trust(), o); !r.Verified() {
		t.Fatal(describe(r))
	}
	w.Close()
	if r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{State: state}); !r.Verified() || !slices.Contains(r.Counts, verifier.Count{Name: "receipt", Count: 1}) {
		t.Error(describe(r), r.Counts)
	}
	w.Claim(l.Receipt, logworld.Other, l.Claim)
	if r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{State: state}); !slices.Equal(codes(r), []string{"order-violation"}) {
		t.Error(describe(r))
	}
	w.Finish(l.Intent, logworld.Publisher)
	if r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{State: state}); !slices.Equal(codes(r), []string{"order-violation", "receipt-reused"}) {
		t.Error(describe(r))
	}
}

// TestStateThatDoesNotFit refuses a state that is damaged, or of another log, trust file or program.
func TestStateThatDoesNotFit(t *testing.T) {
	w := logworld.New()
	w.Live()
	var state []byte
	audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{Program: "1", Save: keep(func(b []byte) { state = b })})
	if r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{Program: "1", State: state}); !r.Verified() {
		t.Fatal("control:", describe(r))
	}
	flipped := bytes.Clone(state)
	flipped[len(state)/2] ^= 1
	other := logworld.New()
	other.Run = marketops.NewRunID([16]byte{7})
	other.Live()
	short := logworld.New()
	short.Begin()
	version := logworld.New()
	version.File.Expires++
	for name, tc := range map[string]struct {
		w    *logworld.World
		log  log.TileReader
		o    audit.Options
		code marketops.Code
		exit int
	}{
		"a byte flipped":     {w, w.Log, audit.Options{Program: "1", State: flipped}, marketops.ConfigInvalid, 11},
		"cut":                {w, w.Log, audit.Options{Program: "1", State: state[:len(state)-1]}, marketops.ConfigInvalid, 11},
		"empty":              {w, w.Log, audit.Options{Program: "1", State: []byte{}}, marketops.ConfigInvalid, 11},
		"another program":    {w, w.Log, audit.Options{Program: "2", State: state}, marketops.ConfigInvalid, 11},
		"documents now":      {w, w.Log, audit.Options{Program: "1", State: state, Document: w.Documents(), Plan: w.Plans()}, marketops.ConfigInvalid, 11},
		"another trust file": {version, w.Log, audit.Options{Program: "1", State: state}, marketops.ConfigInvalid, 11},
		"another log":        {w, other.Log, audit.Options{Program: "1", State: state}, marketops.SplitView, 14},
		"a shorter log":      {w, short.Log, audit.Options{Program: "1", State: state}, marketops.LogRolledBack, 14},
	} {
		r := audit.Audit(tc.log, w.Store, tc.w.Trust(), tc.o)
		if r.Code != tc.code || r.ExitCode() != tc.exit {
			t.Errorf("%s: %s", name, describe(r))
		}
		if name == "another program" && !strings.Contains(describe(r), "another version of the program: remove it to start over") {
			t.Error(describe(r))
		}
	}
}

// TestNoState: what cannot be kept is said, and is no finding.
func TestNoState(t *testing.T) {
	w := logworld.New()
	w.Live()
	r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{Save: func(func(io.Writer) error) error { return errors.New("no space") }})
	if !r.Verified() || !strings.Contains(strings.Join(r.NotCovered, "\n"), "no space") {
		t.Error(describe(r), r.NotCovered)
	}
	w = logworld.New()
	w.Edit["intent"] = func(b receipt.Body) { b.(*receipt.Intent).RunID = marketops.NewRunID([16]byte{9}) }
	w.Live()
	r = audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{Save: keep(func([]byte) {})})
	if !strings.Contains(strings.Join(r.NotCovered, "\n"), lifecycle.ErrTied.Error()) {
		t.Error(describe(r), r.NotCovered)
	}
}

// TestSince proves the log against a checkpoint that was kept, and counts what is new.
func TestSince(t *testing.T) {
	w := logworld.New()
	l := w.Begin()
	old := w.Log.Checkpoint()
	w.Finish(l.Intent, logworld.Publisher)
	w.Close()
	r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{Since: old})
	if !r.Verified() || r.Since == nil || r.Since.Size != 6 || !slices.Equal(r.New, []verifier.Count{{Name: "outcome", Count: 1}, {Name: "run-closed", Count: 1}}) {
		t.Error(describe(r), r.Since, r.New)
	}
	stranger := logtest.New(logworld.Origin, logworld.Stranger)
	other := logtest.New("other.example.com", logworld.LogKey)
	for name, tc := range map[string]struct {
		since    []byte
		code     marketops.Code
		exit     int
		evidence bool
	}{
		"a fork":             {w.Log.SignRoot(6, log.Hash{1}), marketops.ConsistencyInvalid, 14, true},
		"a fork at its size": {w.Log.SignRoot(w.Log.Size(), log.Hash{1}), marketops.SplitView, 14, true},
		"a rollback":         {w.Log.SignRoot(99, log.Hash{1}), marketops.LogRolledBack, 14, true},
		"of a stranger":      {stranger.SignRoot(6, w.Log.Root(6)), marketops.CheckpointUnsigned, 11, false},
		"of another log":     {other.SignRoot(6, w.Log.Root(6)), marketops.CheckpointUnsigned, 11, false},
		"nothing":            {[]byte{}, marketops.CheckpointUnsigned, 11, false},
	} {
		r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{Since: tc.since})
		if r.Code != tc.code || r.ExitCode() != tc.exit || (r.Fork != nil) != tc.evidence {
			t.Errorf("%s: %s\n%+v", name, describe(r), r.Fork)
		}
		if tc.evidence && (r.Fork.Held != string(tc.since) || r.Fork.Given != string(w.Log.Checkpoint())) {
			t.Errorf("%s: both checkpoints must stand in the evidence: %+v", name, r.Fork)
		}
	}
}

// TestHashOnly: the tree alone is never verified, and its damage still shows.
func TestHashOnly(t *testing.T) {
	w := logworld.New()
	w.Live()
	r := audit.Audit(w.Log, logworld.Store{}, w.Trust(), audit.Options{HashOnly: true})
	if r.Verdict != verifier.Indeterminate || r.ExitCode() != 11 || !strings.Contains(strings.Join(r.NotCovered, "\n"), audit.NoSignature) || !r.Answered(audit.CheckEntries) {
		t.Error(describe(r), r.NotCovered)
	}
	bad := bent{w.Log, func(n string, b []byte) ([]byte, error) {
		if strings.HasPrefix(n, "tile/entries/") {
			b[200] ^= 1
		}
		return b, nil
	}}
	if r := audit.Audit(bad, logworld.Store{}, w.Trust(), audit.Options{HashOnly: true}); r.Verdict != verifier.Failed || !slices.Contains(codes(r), "leaf-mismatch") {
		t.Error(describe(r))
	}
}

// TestStop: an audit that is stopped has failed, and can be gone on with.
func TestStop(t *testing.T) {
	w := logworld.New()
	w.Grow(300)
	stop := make(chan struct{})
	close(stop)
	var state []byte
	if r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{Stop: stop, Save: keep(func(b []byte) { state = b })}); r.Verdict != verifier.Failed || state == nil {
		t.Fatal(describe(r), len(state))
	}
	alike(t, audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{}), audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{State: state}))
}
