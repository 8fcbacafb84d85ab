package verifier_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
)

// verify judges the pack of a world some days after its last record.
func verify(w *logworld.World) *verifier.Report {
	return verifier.Verify(w.Pack(), w.Trust(), w.Now+5*86400)
}

// codes returns the codes of all failed checks, each once, in order of name.
func codes(r *verifier.Report) []string {
	var out []string
	for _, c := range r.Checks {
		if c.Status == marketops.Fail && !slices.Contains(out, string(c.Code)) {
			out = append(out, string(c.Code))
		}
	}
	slices.Sort(out)
	return out
}

func describe(r *verifier.Report) string {
	var b strings.Builder
	for _, c := range r.Checks {
		if c.Status != marketops.Pass {
			b.WriteString("\n  " + c.Name + " " + c.Subject + " " + string(c.Code) + " " + string(c.Status) + " " + c.Expected + " " + c.Got + " " + c.Detail)
		}
	}
	return string(r.Verdict) + b.String()
}

func TestControl(t *testing.T) {
	for name, story := range logworld.Stories {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			story(w)
			r := verify(w)
			if !r.Verified() || r.ExitCode() != 0 || r.Code != "" {
				t.Fatalf("exit %d: %s", r.ExitCode(), describe(r))
			}
			if len(r.NotCovered) < 4 {
				t.Errorf("not covered: %q", r.NotCovered)
			}
			if r.TrustDigest != marketops.DigestOf(w.TrustBytes()) || r.TrustVersion != w.Trust().Version() {
				t.Errorf("the report names trust %s, version %d", r.TrustDigest, r.TrustVersion)
			}
		})
	}
}

func TestAttacks(t *testing.T) {
	for _, tc := range logworld.Attacks {
		t.Run(tc.Name, func(t *testing.T) {
			w := logworld.New()
			tc.Story(w)
			r := verify(w)
			var want []string
			for _, c := range tc.Pack {
				want = append(want, string(c))
			}
			if got := codes(r); !slices.Equal(got, want) {
				t.Errorf("codes %v, want %v\n%s", got, want, describe(r))
			}
			if r.Verified() || r.Code == "" {
				t.Errorf("verdict %s, code %q", r.Verdict, r.Code)
			}
			wantExit := 11
			if slices.Contains(want, "split-view") {
				wantExit = 14
			}
			if r.ExitCode() != wantExit {
				t.Errorf("exit %d, want %d", r.ExitCode(), wantExit)
			}
			undecided := !slices.ContainsFunc(tc.Pack, func(c marketops.Code) bool { return !verifier.Undecided(c) })
			if (r.Verdict == verifier.Indeterminate) != undecided {
				t.Errorf("verdict %s for %v", r.Verdict, tc.Pack)
			}
		})
	}
}

// spliced are attacks on the pack around a sound log.
var spliced = []struct {
	name string
	want marketops.Code
	bend func(*logworld.World, *pack.Pack)
}{
	{"no records (H5)", "nothing-to-verify", func(_ *logworld.World, p *pack.Pack) { clear(p.Records); clear(p.Proofs) }},
	{"proof of another leaf (H3)", "inclusion-invalid", func(w *logworld.World, p *pack.Pack) {
		p.Proofs[leaf(w, 3)] = p.Proofs[leaf(w, 2)]
	}},
	{"record of another leaf (H3)", "leaf-mismatch", func(w *logworld.World, p *pack.Pack) {
		p.Records[leaf(w, 3)] = p.Records[leaf(w, 2)]
	}},
	{"no proof", "inclusion-invalid", func(w *logworld.World, p *pack.Pack) { delete(p.Proofs, leaf(w, 3)) }},
	{"index beyond the log (H4)", "inclusion-invalid", func(w *logworld.World, p *pack.Pack) { reprove(w, p, func(pr *log.Proof) { pr.Index = 1 << 39 }) }},
	{"index of the neighbour (H4)", "inclusion-invalid", func(w *logworld.World, p *pack.Pack) { reprove(w, p, func(pr *log.Proof) { pr.Index ^= 1 }) }},
	{"empty path (H4)", "inclusion-invalid", func(w *logworld.World, p *pack.Pack) { reprove(w, p, func(pr *log.Proof) { pr.Hashes = nil }) }},
	{"longer path (H4)", "inclusion-invalid", func(w *logworld.World, p *pack.Pack) {
		reprove(w, p, func(pr *log.Proof) { pr.Hashes = append(pr.Hashes, log.Hash{}) })
	}},
	{"changed path", "inclusion-invalid", func(w *logworld.World, p *pack.Pack) {
		reprove(w, p, func(pr *log.Proof) { pr.Hashes[0][0] ^= 1 })
	}},
	{"proof under another checkpoint", "inclusion-invalid", func(w *logworld.World, p *pack.Pack) {
		reprove(w, p, func(pr *log.Proof) { pr.Checkpoint = w.Log.CheckpointAt(4) })
	}},
	{"checkpoint by a stranger", "checkpoint-unsigned", func(w *logworld.World, p *pack.Pack) {
		p.Checkpoint = logtest.New(logworld.Origin, logworld.Stranger).SignRoot(w.Log.Size(), w.Log.Root(w.Log.Size()))
	}},
	{"checkpoint of another size", "checkpoint-unsigned", func(_ *logworld.World, p *pack.Pack) {
		p.Checkpoint = bytes.Replace(p.Checkpoint, []byte("\n8\n"), []byte("\n9\n"), 1)
	}},
	{"checkpoint under another name", "checkpoint-unsigned", func(_ *logworld.World, p *pack.Pack) { p.Origin = "other.example.com" }},
	{"no checkpoint", "checkpoint-unsigned", func(_ *logworld.World, p *pack.Pack) { p.Checkpoint = nil }},
	{"garbage for a record", "receipt-malformed", func(w *logworld.World, p *pack.Pack) { p.Records[leaf(w, 3)] = []byte("{}") }},
	{"signature of another record", "signature-invalid", func(w *logworld.World, p *pack.Pack) {
		env := bytes.Clone(p.Records[leaf(w, 3)])
		i := bytes.Index(env, []byte(`"sig":"`)) + 10
		if env[i]++; env[i] > 'y' {
			env[i] = 'A'
		}
		p.Records[leaf(w, 3)] = env
	}},
	{"another run", "run-mismatch", func(_ *logworld.World, p *pack.Pack) { p.Manifest.RunID = marketops.NewRunID([16]byte{7}) }},
	{"another date", "pack-malformed", func(_ *logworld.World, p *pack.Pack) { p.Manifest.CreatedAt++ }},
	{"no run", "pack-malformed", func(_ *logworld.World, p *pack.Pack) { p.Manifest.RunID = "" }},
	{"another plan", "plan-mismatch", func(_ *logworld.World, p *pack.Pack) { p.Plan = []byte("{}") }},
	{"another operation document", "operation-mismatch", func(w *logworld.World, p *pack.Pack) {
		doc, _ := logworld.Release("v9.9.9").Document()
		p.Operations[w.Digest(0)] = doc
	}},
	{"operation document not canonical", "operation-mismatch", func(w *logworld.World, p *pack.Pack) {
		d := w.Digest(0)
		p.Operations[d] = append([]byte(" "), p.Operations[d]...)
	}},
	{"operation that nobody named", "operation-mismatch", func(_ *logworld.World, p *pack.Pack) {
		doc, _ := logworld.Release("v9.9.9").Document()
		p.Operations[marketops.DigestOf(doc)] = doc
	}},
	{"no operation document", "record-withheld", func(_ *logworld.World, p *pack.Pack) { clear(p.Operations) }},
	{"other text under a salted digest", "leaf-mismatch", func(w *logworld.World, p *pack.Pack) { p.Evidence[w.Evidence[2].Digest] = []byte("204") }},
	{"text that nobody named", "pack-malformed", func(_ *logworld.World, p *pack.Pack) { p.Evidence[logworld.Policy] = []byte("hello") }},
	{"submission left out", "record-withheld", leaveOut(0)},
	{"approval left out", "record-withheld", leaveOut(1)},
	{"receipt left out", "record-withheld", leaveOut(3)},
	{"claim left out", "record-withheld", leaveOut(4)},
	{"intent left out", "record-withheld", leaveOut(5)},
	{"outcome left out", "record-withheld", leaveOut(6)},
}

func leaf(w *logworld.World, n int) log.Hash { return w.Entries[n].Record.LeafHash() }

func reprove(w *logworld.World, p *pack.Pack, f func(*log.Proof)) {
	pr := w.Log.Prove(3)
	f(pr)
	p.Proofs[leaf(w, 3)] = pr.Format()
}

func leaveOut(n int) func(*logworld.World, *pack.Pack) {
	return func(w *logworld.World, p *pack.Pack) {
		delete(p.Records, leaf(w, n))
		delete(p.Proofs, leaf(w, n))
		clear(p.Evidence)
	}
}

func TestSpliced(t *testing.T) {
	for _, tc := range spliced {
		t.Run(tc.name, func(t *testing.T) {
			w := logworld.New()
			w.Live()
			p := w.Pack()
			if r := verifier.Verify(p, w.Trust(), w.Now); !r.Verified() {
				t.Fatal("control:", describe(r))
			}
			tc.bend(w, p)
			r := verifier.Verify(p, w.Trust(), w.Now)
			if r.Verified() || !slices.Contains(codes(r), string(tc.want)) || r.Code != tc.want {
				t.Errorf("code %q of %v, want %q\n%s", r.Code, codes(r), tc.want, describe(r))
			}
		})
	}
}

func TestEvidenceMayBeErased(t *testing.T) {
	w := logworld.New()
	w.Live()
	p := w.Pack()
	clear(p.Evidence)
	r := verifier.Verify(p, w.Trust(), w.Now)
	if !r.Verified() || !slices.ContainsFunc(r.NotCovered, func(s string) bool { return strings.HasPrefix(s, "3 texts") }) {
		t.Errorf("%s\n%q", describe(r), r.NotCovered)
	}
}

func TestTrust(t *testing.T) {
	w := logworld.New()
	w.Live()
	for name, trust := range map[string]*trust.Trust{"none": nil, "zero": new(trust.Trust)} {
		if r := verifier.Verify(w.Pack(), trust, w.Now); r.Verified() || r.Code != marketops.TrustMissing || r.ExitCode() != 11 {
			t.Errorf("%s: %s", name, describe(r))
		}
	}
	other := logworld.New()
	other.Log = logtest.New(logworld.Origin, logworld.Stranger)
	if r := verifier.Verify(w.Pack(), other.Trust(), w.Now); r.Code != marketops.CheckpointUnsigned {
		t.Error("another log's trust file:", describe(r))
	}
	demanding := logworld.New()
	logworld.Witness(demanding)
	if r := verifier.Verify(w.Pack(), demanding.Trust(), w.Now); r.Code != marketops.QuorumUnmet {
		t.Error("a trust file that demands a witness:", describe(r))
	}
}

func TestPin(t *testing.T) {
	w := logworld.New()
	trust := w.Trust()
	for _, tc := range []struct {
		pin  verifier.Pin
		want marketops.Code
	}{
		{verifier.Pin{}, ""}, {verifier.Pin{Digest: trust.Digest(), MinVersion: 1}, ""},
		{verifier.Pin{Digest: logworld.Policy}, marketops.TrustMissing}, {verifier.Pin{MinVersion: 2}, marketops.TrustRolledBack},
	} {
		if got := marketops.CodeOf(tc.pin.Check(trust)); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.pin, got, tc.want)
		}
	}
	if (verifier.Pin{}).Check(nil) == nil {
		t.Error("no trust file passed")
	}
}

func TestClock(t *testing.T) {
	w := logworld.New()
	w.Live()
	for at, want := range map[marketops.Time]verifier.Verdict{
		w.Now: verifier.Verified, w.Now - 30: verifier.Verified, w.Now - 61: verifier.Indeterminate, 0: verifier.Indeterminate, -1: verifier.Indeterminate,
		w.Now + 1e9: verifier.Verified,
	} {
		if r := verifier.Verify(w.Pack(), w.Trust(), at); r.Verdict != want {
			t.Errorf("at %d: %s", at-w.Now, describe(r))
		}
	}
}

func TestUnknownRecordIsCounted(t *testing.T) {
	w := logworld.New()
	l := w.Publish()
	payload := bytes.Replace(l.Outcome.Record.Opened.Payload, []byte("marketops/outcome/v2"), []byte("marketops/outcome/v3"), 1)
	env, err := crypto.Sign(receipt.PayloadType, payload, logworld.Publisher)
	if err != nil {
		t.Fatal(err)
	}
	ring, _ := crypto.NewKeyring(logworld.Publisher.Public())
	o, err := crypto.Open(env, receipt.PayloadType, ring)
	if err != nil {
		t.Fatal(err)
	}
	index := w.Log.Append(log.Leaf(o))
	p := w.Pack()
	h := log.LeafHash(log.Leaf(o))
	p.Records[h], p.Proofs[h] = env, w.Log.Prove(index).Format()
	r := verifier.Verify(p, w.Trust(), w.Now)
	if r.Verdict != verifier.Indeterminate || r.Code != marketops.RecordUnknown {
		t.Error(describe(r))
	}
}

func TestZeroReportIsAFailure(t *testing.T) {
	for name, r := range map[string]*verifier.Report{"nil": nil, "zero": {}, "claimed": {Verdict: verifier.Verified}, "empty": verifier.NewReport(verifier.OfPack, nil, 0)} {
		if r.Verified() || r.ExitCode() != 11 {
			t.Errorf("%s: verified %v, exit %d", name, r.Verified(), r.ExitCode())
		}
	}
	r := verifier.NewReport(verifier.OfPack, nil, 0)
	r.Conclude()
	if r.Verdict != verifier.Failed || r.Code != marketops.NothingToVerify {
		t.Error("a report without checks:", describe(r))
	}
	r = verifier.NewReport(verifier.OfPack, nil, 0)
	r.Pass("one", "", "")
	r.Conclude("one", "two")
	if r.Verdict != verifier.Failed {
		t.Error("a required check that did not run:", describe(r))
	}
	if r := verifier.Verify(nil, logworld.New().Trust(), 1); r.Code != marketops.NothingToVerify {
		t.Error("no pack:", describe(r))
	}
	if r := verifier.Verify(&pack.Pack{}, logworld.New().Trust(), 1); r.Code != marketops.NothingToVerify {
		t.Error("an empty pack:", describe(r))
	}
}

func TestOperationsAreSummed(t *testing.T) {
	w := logworld.New()
	logworld.Unknown(w)
	l := w.Begin()
	w.Refuse(marketops.Expired)
	l.Outcome = w.Finish(l.Intent, logworld.Publisher)
	logworld.Resolve(w, l.Outcome, logworld.Dave)
	r := verify(w)
	if len(r.Operations) != 1 || len(r.Refusals) != 1 {
		t.Fatalf("%+v %+v", r.Operations, r.Refusals)
	}
	o := r.Operations[0]
	if o.Status != "success" || o.Resolver != "dave" || o.Requester != "bob" || !slices.Equal(o.Approvers, []string{"alice", "carol"}) ||
		o.Publisher != "pub1" || o.Repository != "octo-org/widgets" || o.Resource != "refs/tags/v1.4.0" || len(o.Positions) != 8 ||
		o.URL != "https://github.com/octo-org/widgets/releases/tag/v1.4.0" {
		t.Errorf("%+v", o)
	}
	if f := r.Refusals[0]; f.Code != marketops.Expired || f.By != "pub1" || f.Index != 6 {
		t.Errorf("%+v", f)
	}
}
