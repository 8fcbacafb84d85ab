package verifier_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
)

func asked(w *logworld.World, p *pack.Pack, d verifier.Demand) *verifier.Report {
	return d.Verify(p, w.Trust(), w.Now+100)
}

func uncovers(r *verifier.Report, text string) bool {
	return slices.ContainsFunc(r.NotCovered, func(s string) bool { return strings.Contains(s, text) })
}

// TestLevels asks for each level of worlds that meet it and of worlds that do not.
func TestLevels(t *testing.T) {
	plain := func(*logworld.World, *pack.Pack) {}
	unwitness := func(w *logworld.World, p *pack.Pack) { // the log signed, the witness did not
		bare := *w.Log
		bare.Witnesses = nil
		resign(t, p, bare.Checkpoint())
	}
	forge := func(w *logworld.World, p *pack.Pack) {
		stranger := *w.Log
		stranger.Key = logworld.Stranger
		resign(t, p, stranger.Checkpoint())
	}
	for _, tc := range []struct {
		name      string
		witnessed bool
		require   verifier.Level
		bend      func(*logworld.World, *pack.Pack)
		code      marketops.Code
		level     verifier.Level
		lowered   bool
	}{
		{"default, witnessed", true, "", plain, "", verifier.Quorum, false},
		{"default, unwitnessed", false, "", plain, "", verifier.Inclusion, false},
		{"quorum", true, verifier.Quorum, plain, "", verifier.Quorum, false},
		{"quorum of nobody", false, verifier.Quorum, plain, marketops.QuorumUnmet, verifier.Quorum, false},
		{"inclusion where witnesses are demanded", true, verifier.Inclusion, plain, "", verifier.Inclusion, true},
		{"signature", false, verifier.Signature, plain, "", verifier.Signature, true},
		{"default without a cosignature", true, "", unwitness, marketops.QuorumUnmet, verifier.Quorum, false},
		{"inclusion without a cosignature", true, verifier.Inclusion, unwitness, "", verifier.Inclusion, true},
		{"inclusion under a stranger's checkpoint", true, verifier.Inclusion, forge, marketops.CheckpointUnsigned, verifier.Inclusion, true},
		{"signature under a stranger's checkpoint", false, verifier.Signature, forge, "", verifier.Signature, true},
		{"no level", false, "all", plain, marketops.ConfigInvalid, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := logworld.New()
			if tc.witnessed {
				logworld.Witness(w)
			}
			w.Live()
			p := w.Pack()
			tc.bend(w, p)
			r := asked(w, p, verifier.Demand{Require: tc.require})
			if r.Code != tc.code || r.Verified() != (tc.code == "") || r.Level != tc.level || r.Lowered != tc.lowered {
				t.Errorf("code %q, level %q, lowered %v: %s", r.Code, r.Level, r.Lowered, describe(r))
			}
			if tc.lowered && tc.code == "" && !uncovers(r, "level "+string(tc.level)) {
				t.Errorf("what the level leaves out is not said: %q", r.NotCovered)
			}
		})
	}
}

// resign puts another note into a pack, the same in every proof.
func resign(t *testing.T, p *pack.Pack, note []byte) {
	t.Helper()
	p.Checkpoint = note
	for h, b := range p.Proofs {
		pr, err := log.ParseProof(b)
		if err != nil {
			t.Fatal(err)
		}
		pr.Checkpoint = note
		p.Proofs[h] = pr.Format()
	}
}

// TestSignatureLevelStillJudges: what needs no log is not forgiven.
func TestSignatureLevelStillJudges(t *testing.T) {
	for _, tc := range logworld.Attacks {
		if len(tc.Pack) != 1 || !slices.Contains([]marketops.Code{marketops.SelfApproval, marketops.ApprovalMissing, marketops.RejectedByApprover, marketops.LifetimeExcessive, marketops.RepositoryMismatch}, tc.Pack[0]) {
			continue
		}
		w := logworld.New()
		tc.Story(w)
		if r := asked(w, w.Pack(), verifier.Demand{Require: verifier.Signature}); r.Verified() || !slices.Contains(codes(r), string(tc.Pack[0])) {
			t.Errorf("%s: %s", tc.Name, describe(r))
		}
	}
	w := logworld.New()
	w.Live()
	if r := asked(w, w.Pack(), verifier.Demand{Require: verifier.Signature}); !r.Verified() {
		t.Fatal("control:", describe(r))
	}
	// A place that nobody proved protects no revoked key, though it is claimed to be early.
	w.File.Publishers[0].RevokedFrom = []log.Position{{Origin: logworld.Origin, Index: 1 << 30}}
	if r := asked(w, w.Pack(), verifier.Demand{}); !r.Verified() {
		t.Fatal("control:", describe(r))
	}
	if r := asked(w, w.Pack(), verifier.Demand{Require: verifier.Signature}); r.Code != marketops.KeyRevoked {
		t.Error(describe(r))
	}
}

// padded plays a life between entries of others, so that the pack knows only some of the log.
func padded(before, after int) *logworld.World {
	w := logworld.New()
	pad := func(n int) {
		for i := range n {
			w.Log.Append([]byte{byte(i), byte(i >> 8), byte(after)})
		}
	}
	pad(before)
	w.Live()
	pad(after)
	return w
}

// TestHeld compares every earlier size of logs of several shapes with the one that the pack shows.
// Truth is never called a fork, and a lie never the truth; where the pack has the entry below, it
// must know.
func TestHeld(t *testing.T) {
	for _, shape := range [][2]int{{0, 0}, {0, 1}, {5, 0}, {5, 9}, {16, 3}, {1, 30}, {63, 64}} {
		w := padded(shape[0], shape[1])
		p := w.Pack()
		present := map[uint64]bool{}
		for _, e := range w.Entries {
			present[e.Index] = true
		}
		for size := range w.Log.Size() + 1 {
			r := asked(w, p, verifier.Demand{Held: w.Log.CheckpointAt(size)})
			known := size == 0 || size == w.Log.Size() || present[size-1]
			if r.Fork != nil || r.Verdict == verifier.Failed || known && !r.Verified() {
				t.Errorf("%v at %d: %s", shape, size, describe(r))
			}
			if !r.Verified() && (r.Verdict != verifier.Indeterminate || r.Code != marketops.RecordWithheld || r.ExitCode() != 11) {
				t.Errorf("%v at %d is open: %s", shape, size, describe(r))
			}
			if size == 0 {
				continue
			}
			lie := w.Log.SignRoot(size, log.Hash{1})
			r = asked(w, p, verifier.Demand{Held: lie})
			if r.Verified() || known && r.Fork == nil {
				t.Errorf("%v, another root at %d: %s", shape, size, describe(r))
			}
			if r.Fork != nil && (r.ExitCode() != 14 || r.Code != marketops.SplitView || !bytes.Equal(r.Fork.Format(), slices.Concat(lie, []byte("\n"), p.Checkpoint))) {
				t.Errorf("%v, the evidence at %d: exit %d, %s\n%s", shape, size, r.ExitCode(), r.Code, r.Fork.Format())
			}
		}
	}
}

func TestHeldIsBelievedByNobody(t *testing.T) {
	w := padded(3, 3)
	other := logtest.New("other.example.com", logworld.LogKey)
	stranger := logtest.New(logworld.Origin, logworld.Stranger)
	larger := padded(3, 4)
	for name, tc := range map[string]struct {
		held []byte
		want marketops.Code
	}{
		"signed by a stranger": {stranger.SignRoot(9, log.Hash{1}), marketops.CheckpointUnsigned},
		"of another log":       {other.SignRoot(9, log.Hash{1}), marketops.CheckpointUnsigned},
		"empty":                {[]byte{}, marketops.CheckpointUnsigned},
		"garbage":              {[]byte("hello"), marketops.CheckpointUnsigned},
		"larger than the pack": {larger.Log.Checkpoint(), marketops.RecordWithheld},
	} {
		r := asked(w, w.Pack(), verifier.Demand{Held: tc.held})
		if r.Code != tc.want || r.ExitCode() != 11 || r.Fork != nil {
			t.Errorf("%s: exit %d: %s", name, r.ExitCode(), describe(r))
		}
	}
	if r := asked(w, w.Pack(), verifier.Demand{Held: w.Log.Checkpoint(), Require: verifier.Signature}); r.Verified() {
		t.Error("a held checkpoint was not compared, and nobody says so:", describe(r))
	}
}

// TestEarlierRoots: what trust.json lists and what outcomes quote is compared as far as the pack tells.
func TestEarlierRoots(t *testing.T) {
	w := padded(5, 9)
	size := w.Entries[2].Index + 1
	for name, tc := range map[string]struct {
		size uint64
		root log.Hash
		fork bool
	}{
		"true":                {size, w.Log.Root(size), false},
		"another":             {size, log.Hash{1}, true},
		"beyond the pack":     {w.Log.Size() + 1, log.Hash{1}, false},
		"not told by it":      {w.Log.Size() - 2, log.Hash{1}, false},
		"the pack's own size": {w.Log.Size(), log.Hash{1}, true},
	} {
		w.File.KnownCheckpoints = []receipt.CheckpointRef{{Origin: logworld.Origin, Size: int64(tc.size), Root: tc.root}}
		if r := asked(w, w.Pack(), verifier.Demand{}); r.Verified() == tc.fork || (r.ExitCode() == 14) != tc.fork || (r.Fork != nil) != tc.fork {
			t.Errorf("%s: exit %d, %s", name, r.ExitCode(), describe(r))
		}
	}
	lied := logworld.New()
	lied.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Checkpoint.Root = log.Hash{1} }
	lied.Live()
	if r := asked(lied, lied.Pack(), verifier.Demand{}); r.ExitCode() != 11 || r.Code != marketops.RootDisputed || r.Fork != nil {
		t.Errorf("a publisher says another root: exit %d, %s", r.ExitCode(), describe(r))
	}
}

// TestFiles compares downloads with the assets of the release.
func TestFiles(t *testing.T) {
	abc := verifier.File{Size: 3, SHA256: marketops.DigestOf([]byte("abc"))}
	w := logworld.New()
	w.Live()
	tag := logworld.New()
	tag.Ops[0].Kind, tag.Ops[0].Release = marketops.TagRepo, nil
	tag.Live()
	for name, tc := range map[string]struct {
		w     *logworld.World
		found map[string]verifier.File
		want  marketops.Code
	}{
		"the authorised one": {w, map[string]verifier.File{"widget.tar.gz": abc}, ""},
		"nothing":            {w, nil, marketops.ContentMismatch},
		"another digest":     {w, map[string]verifier.File{"widget.tar.gz": {Size: 3, SHA256: marketops.DigestOf([]byte("abd"))}}, marketops.ContentMismatch},
		"another size":       {w, map[string]verifier.File{"widget.tar.gz": {Size: 4, SHA256: abc.SHA256}}, marketops.ContentMismatch},
		"not measured":       {w, map[string]verifier.File{"widget.tar.gz": {Size: 3}}, marketops.ContentMismatch},
		"a link":             {w, map[string]verifier.File{"widget.tar.gz": {Size: 3, SHA256: abc.SHA256, Not: "a symbolic link"}}, marketops.AssetUnsafe},
		"one more":           {w, map[string]verifier.File{"widget.tar.gz": abc, "more": {Size: 1}}, marketops.ContentMismatch},
		"another name":       {w, map[string]verifier.File{"Widget.tar.gz": abc}, marketops.ContentMismatch},
		"no assets at all":   {tag, nil, marketops.NothingToVerify},
	} {
		t.Run(name, func(t *testing.T) {
			if r := asked(tc.w, tc.w.Pack(), verifier.Demand{}); !r.Verified() {
				t.Fatal("control:", describe(r))
			}
			r := asked(tc.w, tc.w.Pack(), verifier.Demand{Files: &verifier.Files{Found: tc.found}})
			if r.Code != tc.want || r.Verified() != (tc.want == "") {
				t.Error(describe(r))
			}
			if uncovers(r, "files you hold") {
				t.Error("files were compared, and are called not covered")
			}
		})
	}
}

// FuzzLevel: a level is one of three words.
func FuzzLevel(f *testing.F) {
	f.Add("quorum")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		var l verifier.Level
		if err := l.UnmarshalText([]byte(s)); (err == nil) != slices.Contains(verifier.Levels, verifier.Level(s)) || err != nil && l != "" {
			t.Fatalf("%q is %q, %v", s, l, err)
		}
	})
}

// TestEndedLogKey: a log key signs nothing above its end, at whatever level and for whatever purpose a
// checkpoint is opened.
func TestEndedLogKey(t *testing.T) {
	for _, level := range []verifier.Level{"", verifier.Inclusion} {
		for _, ended := range []bool{false, true} {
			w := logworld.New()
			w.Live()
			end := int64(w.Log.Size())
			if ended {
				end--
			}
			w.File.LogKeyEnds = []trust.LogKeyEnd{{Vkey: w.Log.Vkey(), Size: end}}
			if r := asked(w, w.Pack(), verifier.Demand{Require: level}); r.Verified() == ended || ended && r.Code != marketops.CheckpointUnsigned {
				t.Errorf("ended %v, level %q: %s", ended, level, describe(r))
			}
		}
	}
	w := logworld.New()
	w.Live()
	held, p := w.Log.Checkpoint(), w.Pack()
	next := *w.Log
	next.Key = logworld.Stranger
	w.File.LogPolicy = w.Log.PolicyText() + "log " + next.Vkey() + "\n"
	w.File.LogKeyEnds = []trust.LogKeyEnd{{Vkey: w.Log.Vkey(), Size: 1}}
	resign(t, p, next.Checkpoint())
	if r := asked(w, p, verifier.Demand{}); !r.Verified() {
		t.Fatal("control:", describe(r))
	}
	if r := asked(w, p, verifier.Demand{Held: held}); r.Verified() || r.Code != marketops.CheckpointUnsigned {
		t.Errorf("a held checkpoint under the ended key: %s", describe(r))
	}
}
