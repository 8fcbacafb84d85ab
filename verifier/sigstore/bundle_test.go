package sigstore

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
)

// read verifies a bundle as the command does.
func read(w *logworld.World, b []byte, d verifier.Demand) *verifier.Report {
	return d.VerifyBundle(b, w.Trust(), later)
}

// bent returns a bundle with one value changed, and demands that it did change.
func bent(t *testing.T, b []byte, path string, change func(any) any) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	steps := strings.Split(path, ".")
	in := v
	for _, s := range steps[:len(steps)-1] {
		if list, ok := in.([]any); ok {
			n, _ := strconv.Atoi(s)
			in = list[n]
			continue
		}
		in = in.(map[string]any)[s]
	}
	last := steps[len(steps)-1]
	if list, ok := in.([]any); ok {
		n, _ := strconv.Atoi(last)
		list[n] = change(list[n])
	} else {
		m := in.(map[string]any)
		m[last] = change(m[last])
		if m[last] == nil {
			delete(m, last)
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func flipped(v any) any {
	b, _ := base64.StdEncoding.DecodeString(v.(string))
	b[len(b)/2] ^= 1
	return base64.StdEncoding.EncodeToString(b)
}

func is(v any) func(any) any { return func(any) any { return v } }

const tlogEntry = "verificationMaterial.tlogEntries.0."

// lies are what a bundle may say otherwise than its envelope and its checkpoint. Stock verifiers
// take some of them for the truth.
var lies = []struct {
	name, path string
	change     func(any) any
	want       marketops.Code
}{
	{"inner-log-index", tlogEntry + "inclusionProof.logIndex", is("0"), marketops.InclusionInvalid},
	{"inner-log-index-in-another-spelling", tlogEntry + "inclusionProof.logIndex", is("03"), marketops.InclusionInvalid},
	{"log-index", tlogEntry + "logIndex", is("0"), marketops.InclusionInvalid},
	{"log-index-in-another-spelling", tlogEntry + "logIndex", is("03"), marketops.InclusionInvalid},
	{"log-index-negative", tlogEntry + "logIndex", is("-1"), marketops.InclusionInvalid},
	{"log-index-beyond-64-bits", tlogEntry + "logIndex", is("18446744073709551616"), marketops.InclusionInvalid},
	{"tree-size", tlogEntry + "inclusionProof.treeSize", is("9"), marketops.InclusionInvalid},
	{"tree-size-0", tlogEntry + "inclusionProof.treeSize", is("0"), marketops.InclusionInvalid},
	{"root-hash", tlogEntry + "inclusionProof.rootHash", flipped, marketops.InclusionInvalid},
	{"root-hash-absent", tlogEntry + "inclusionProof.rootHash", is(nil), marketops.InclusionInvalid},
	{"body-of-another-record", tlogEntry + "canonicalizedBody", flipped, marketops.LeafMismatch},
	{"body-absent", tlogEntry + "canonicalizedBody", is(nil), marketops.LeafMismatch},
	{"proof-hash", tlogEntry + "inclusionProof.hashes.0", flipped, marketops.InclusionInvalid},
	{"proof-hash-short", tlogEntry + "inclusionProof.hashes.0", is("AAAA"), marketops.InclusionInvalid},
	{"no-proof", tlogEntry + "inclusionProof.hashes", is([]any{}), marketops.InclusionInvalid},
	{"checkpoint", tlogEntry + "inclusionProof.checkpoint.envelope", func(v any) any { return strings.Replace(v.(string), "\n8\n", "\n9\n", 1) }, marketops.CheckpointUnsigned},
	{"another-log", tlogEntry + "logId.keyId", flipped, marketops.CheckpointUnsigned},
	{"another-kind", tlogEntry + "kindVersion.kind", is("dsse"), marketops.PackMalformed},
	{"another-version", tlogEntry + "kindVersion.version", is("0.0.1"), marketops.PackMalformed},
	{"no-entry", "verificationMaterial.tlogEntries", is([]any{}), marketops.PackMalformed},
	{"a-time-that-nobody-signed", tlogEntry + "integratedTime", is("1"), marketops.PackMalformed},
	{"another-media-type", "mediaType", is("application/vnd.dev.sigstore.bundle.v0.2+json"), marketops.PackMalformed},
	{"message-signature", "messageSignature", is(map[string]any{"signature": "AAAA"}), marketops.PackMalformed},
	{"no-envelope", "dsseEnvelope", is(nil), marketops.ReceiptMalformed},
	{"two-signatures", "dsseEnvelope.signatures", func(v any) any { return append(v.([]any), v.([]any)...) }, marketops.ReceiptMalformed},
	{"signature", "dsseEnvelope.signatures.0.sig", flipped, marketops.SignatureInvalid},
	{"payload", "dsseEnvelope.payload", flipped, marketops.SignatureInvalid},
	{"payload-type", "dsseEnvelope.payloadType", is("application/json"), marketops.PayloadTypeWrong},
	{"hint", "verificationMaterial.publicKey.hint", is("SHA256:nobody"), marketops.KeyUnknown},
}

func TestLyingBundles(t *testing.T) {
	w := lived(t)
	for _, what := range []Subject{Receipt, Outcome} {
		good := exported(t, w, what).Signed[0].Bundle
		if r := read(w, good, verifier.Demand{}); !r.Verified() || len(r.Operations) != 1 || r.Level != verifier.Inclusion || len(r.NotCovered) < 6 {
			t.Fatalf("%s: %s %s", what, r.Verdict, r.Code)
		}
		for _, lie := range lies {
			t.Run(string(what)+"/"+lie.name, func(t *testing.T) {
				b := bent(t, good, lie.path, lie.change)
				if bytes.Equal(b, bent(t, good, "mediaType", func(v any) any { return v })) {
					t.Fatal("nothing was changed")
				}
				if r := read(w, b, verifier.Demand{}); r.Verified() || r.Code != lie.want || r.ExitCode() != 11 {
					t.Errorf("%s %s, want %s: %+v", r.Verdict, r.Code, lie.want, r.Checks)
				}
			})
		}
	}
}

// TestBundleBytes flips and cuts: what is not the same content is not verified.
func TestBundleBytes(t *testing.T) {
	w := lived(t)
	good := exported(t, w, Receipt).Signed[0].Bundle
	trust := w.Trust()
	read := func(b []byte) *verifier.Report { return verifier.Demand{}.VerifyBundle(b, trust, later) }
	good = bytes.TrimSpace(good)
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		if r := read(b); r.Verified() && !same(good, b) {
			t.Errorf("byte %d flipped is verified: %q became %q in %s", i, good[i], b[i], good[max(0, i-40):i+40])
		}
		if i%7 == 0 && read(good[:i]).Verified() {
			t.Errorf("cut at %d is verified", i)
		}
	}
}

// same reports whether two bundles hold one content: white space and the hint of a key differ.
func same(a, b []byte) bool {
	var x, y map[string]any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	for _, v := range []map[string]any{x, y} {
		v["dsseEnvelope"].(map[string]any)["signatures"].([]any)[0].(map[string]any)["keyid"] = ""
	}
	one, _ := json.Marshal(x)
	two, _ := json.Marshal(y)
	return bytes.Equal(one, two)
}

// unasked exports a receipt of a pack that no verifier was asked about.
func unasked(t *testing.T, w *logworld.World) []byte {
	t.Helper()
	b, err := open(w.Pack(), w.Trust())
	if err != nil {
		t.Fatal(err)
	}
	receipts, err := b.receipts(w.Digest(0))
	s := new(Set)
	if err = errors.Join(err, b.fill(s, receipts, w.Digest(0))); err != nil {
		t.Fatal(err)
	}
	return s.Signed[0].Bundle
}

// TestBundleAsksItsVersion: what the version that the receipt names says counts, and a later one changes only
// which keys are revoked.
func TestBundleAsksItsVersion(t *testing.T) {
	for name, tc := range map[string]struct {
		bend       func(*trust.File)
		then, next marketops.Code // bent before the receipt was issued; bent since
	}{
		"as it was":       {func(*trust.File) {}, "", ""},
		"two authorities": {func(f *trust.File) { f.AuthorityRules[0].Threshold = 2 }, marketops.RecordWithheld, ""},
		"no authority":    {func(f *trust.File) { f.AuthorityRules = nil }, marketops.ThresholdUnmet, ""},
		"a short life":    {func(f *trust.File) { f.MaxLifetime = 60 }, marketops.LifetimeExcessive, ""},
		"retired":         {func(f *trust.File) { f.Authorities[0].NotAfter = logworld.Start }, marketops.KeyOutsideValidity, ""},
		"gone":            {func(f *trust.File) { f.Authorities = f.Authorities[1:] }, "", ""},
		"revoked":         {func(f *trust.File) { f.Authorities[0].RevokedFrom = positions(0) }, marketops.KeyRevoked, marketops.KeyRevoked},
		"revoked later":   {func(f *trust.File) { f.Authorities[0].RevokedFrom = positions(4) }, "", ""},
	} {
		w := logworld.New()
		if name != "gone" {
			tc.bend(&w.File)
		}
		w.Live()
		if r := read(w, unasked(t, w), verifier.Demand{}); r.Code != tc.then {
			t.Errorf("%s: %s %s, want %q: %+v", name, r.Verdict, r.Code, tc.then, r.Checks)
		}
		w = lived(t)
		good := exported(t, w, Receipt).Signed[0].Bundle
		tc.bend(&w.File)
		if r := read(w, good, verifier.Demand{Former: w.Former}); r.Code != tc.next || r.Verified() != (tc.next == "") {
			t.Errorf("%s, since: %s %s, want %q: %+v", name, r.Verdict, r.Code, tc.next, r.Checks)
		}
	}
	w := lived(t)
	good := exported(t, w, Receipt).Signed[0].Bundle
	w.File.MaxLifetime--
	if r := (verifier.Demand{}).VerifyBundle(good, parsed(t, w), later); r.Code != marketops.TrustUnavailable || r.Verdict != verifier.Indeterminate {
		t.Errorf("without the version: %s %s", r.Verdict, r.Code)
	}
	w.Effective = logworld.Start - 700
	if r := (verifier.Demand{Former: w.Former}).VerifyBundle(good, parsed(t, w), later); r.Code != marketops.TrustRolledBack {
		t.Errorf("under a version that was replaced: %s %s", r.Verdict, r.Code)
	}
	other := logworld.New()
	other.File.MaxLifetime--
	if r := read(other, good, verifier.Demand{}); r.Code != marketops.TrustRolledBack {
		t.Errorf("another trust file: %s %s", r.Verdict, r.Code)
	}
}

func parsed(t *testing.T, w *logworld.World) *trust.Trust {
	t.Helper()
	tr, err := trust.Parse(w.TrustBytes())
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestBundleDemands asks for more than the trust file.
func TestBundleDemands(t *testing.T) {
	w := lived(t)
	good := exported(t, w, Receipt).Signed[0].Bundle
	for name, tc := range map[string]struct {
		d    verifier.Demand
		want marketops.Code
	}{
		"a quorum of no witness": {verifier.Demand{Require: verifier.Quorum}, marketops.QuorumUnmet},
		"signature":              {verifier.Demand{Require: verifier.Signature}, ""},
		"held, the same":         {verifier.Demand{Held: w.Log.Checkpoint()}, ""},
		"held, another root":     {verifier.Demand{Held: w.Log.SignRoot(w.Log.Size(), log.Hash{1})}, marketops.SplitView},
		"held, unproved":         {verifier.Demand{Held: w.Log.CheckpointAt(7)}, marketops.RecordWithheld},
		"the asset":              {verifier.Demand{Files: files("abc")}, ""},
		"another file":           {verifier.Demand{Files: files("abd")}, marketops.ContentMismatch},
	} {
		if r := read(w, good, tc.d); r.Code != tc.want || r.Verified() != (tc.want == "") {
			t.Errorf("%s: %s %s, want %q: %+v", name, r.Verdict, r.Code, tc.want, r.Checks)
		}
	}
	if r := (verifier.Demand{}).VerifyBundle(good, nil, later); r.Code != marketops.TrustMissing {
		t.Errorf("no trust file: %s", r.Code)
	}
}

func positions(n uint64) []log.Position {
	return []log.Position{{Origin: logworld.Origin, Index: n}}
}

func files(text string) *verifier.Files {
	return &verifier.Files{Found: map[string]verifier.File{"widget.tar.gz": {Size: 3, SHA256: marketops.DigestOf([]byte(text))}}}
}

func FuzzVerifyBundle(f *testing.F) {
	w := logworld.New()
	w.Live()
	trust := w.Trust()
	s, err := New(w.Pack(), trust, later, w.Digest(0), Receipt)
	if err != nil {
		f.Fatal(err)
	}
	good := s.Signed[0].Bundle
	f.Add(good)
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		verifier.WantedOf(b)
		r := verifier.Demand{}.VerifyBundle(b, trust, later)
		if r.Verdict == "" || len(r.NotCovered) == 0 {
			t.Fatal("no verdict")
		}
		if r.Verified() && !same(good, b) {
			t.Fatal("something else is verified")
		}
	})
}
