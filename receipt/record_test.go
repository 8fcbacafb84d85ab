package receipt_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/fast"
	"github.com/omega/marketops/internal/canon/onepass"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

var update = flag.Bool("update", false, "write goldens anew")

// TestRecordGoldens freezes the payload bytes: whoever changes them changes what old records say.
func TestRecordGoldens(t *testing.T) {
	all := sample.Bodies()
	if len(all) != 16 {
		t.Fatalf("%d kinds of record", len(all))
	}
	for name, body := range all {
		r := sample.Seal(t, body, sample.KeyStranger)
		path := "../testdata/records/" + string(name) + ".json"
		if *update {
			if err := os.WriteFile(path, r.Opened.Payload, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(r.Opened.Payload, want) {
			t.Errorf("%s differs from its golden (%v):\n%s", name, err, r.Opened.Payload)
		}
	}
}

func TestSealOpen(t *testing.T) {
	ring, err := crypto.NewKeyring(logtest.Key(sample.KeyStranger).Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range sample.Bodies() {
		var files []receipt.Subject
		if name == receipt.KindReceipt {
			files = []receipt.Subject{receipt.SubjectOf("asset", sample.Digest("asset"))}
		}
		sealed := sample.Seal(t, body, sample.KeyStranger, files...)
		r, err := receipt.Open(sealed.Envelope, ring)
		if err != nil {
			t.Fatal(name, err)
		}
		if !reflect.DeepEqual(r.Body, body) {
			t.Errorf("%s came back as %+v", name, r.Body)
		}
		if len(r.Subject) != 1+len(files) || r.By != sample.ID(sample.KeyStranger) || r.Digest != sealed.Digest ||
			r.Digest != receipt.NameUnverified(sealed.Envelope) || r.LeafHash() != log.LeafHash(r.Leaf()) {
			t.Errorf("%s: names differ", name)
		}
		entry, err := log.ParseLeaf(r.Leaf())
		if err != nil || entry.Key != logtest.Key(sample.KeyStranger).Public() {
			t.Errorf("%s: leaf: %v", name, err)
		}
	}
	if !receipt.NameUnverified([]byte("{}")).IsZero() {
		t.Error("what is no envelope has a name")
	}
}

// TestPayloadsAreStrict damages each golden in every way that a lenient reader would forgive.
func TestPayloadsAreStrict(t *testing.T) {
	ring, err := crypto.NewKeyring(logtest.Key(sample.KeyStranger).Public())
	if err != nil {
		t.Fatal(err)
	}
	for name := range sample.Bodies() {
		good, err := os.ReadFile("../testdata/records/" + string(name) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		open := func(payload []byte) error {
			_, err := receipt.Open(sample.Sign(receipt.PayloadType, payload, sample.KeyStranger), ring)
			return err
		}
		if err := open(good); err != nil {
			t.Fatal(name, err)
		}
		for what, payload := range damaged(string(good)) {
			want := marketops.ReceiptMalformed
			if what == `no "signer"` {
				want = marketops.SignatureInvalid
			}
			if err := open([]byte(payload)); marketops.CodeOf(err) != want {
				t.Errorf("%s with %s: %v", name, what, err)
			}
		}
		for _, to := range []receipt.Kind{name + "/v1", name + "/v3", "x" + name + "/v2", name} {
			if err := open(bytes.Replace(good, []byte(name+"/v2"), []byte(to), 1)); marketops.CodeOf(err) != marketops.RecordUnknown {
				t.Errorf("%s as %s: %v", name, to, err)
			}
		}
	}
}

var emptyName = regexp.MustCompile(`("subject":\[\{"digest":\{"sha256":"[0-9a-f]*"\},"name":)"[a-z.]*"\}\]\}`)

// damaged returns a payload with each member of its predicate removed, null, and there twice.
func damaged(good string) map[string]string {
	out := map[string]string{
		"space":        strings.Replace(good, `"nonce":`, `"nonce": `, 1),
		"unknown":      strings.Replace(good, `"nonce":`, `"nonce2":1,"nonce":`, 1),
		"outer":        strings.Replace(good, `"_type":`, `"_a":1,"_type":`, 1),
		"trailing":     good + " ",
		"old type":     strings.Replace(good, "Statement/v1", "Statement/v0.1", 1),
		"no subject":   strings.Replace(good, `"subject":[{`, `"subject":[],"z":[{`, 1),
		"short nonce":  strings.Replace(good, `"nonce":"00`, `"nonce":"`, 1),
		"other digest": strings.Replace(good, `"digest":{"sha256":`, `"digest":{"sha512":`, 1),
		"empty name":   emptyName.ReplaceAllString(good, `$1""}]}`),
	}
	start := strings.Index(good, `"predicate":{`) + len(`"predicate":{`)
	for _, m := range members(good[start:]) {
		key, _, _ := strings.Cut(m, ":")
		cut := strings.Replace(good, m+",", "", 1)
		if cut == good {
			cut = strings.Replace(good, ","+m, "", 1)
		}
		out["no "+key], out["two "+key] = cut, strings.Replace(good, m, m+","+m, 1)
		if key != `"previous"` && key != `"checkpoint"` || strings.Contains(good, "/claim/v2") { // null says something there
			out["null "+key] = strings.Replace(good, m, key+":null", 1)
		}
	}
	return out
}

// members splits the inside of a canonical object at its own commas.
func members(s string) (out []string) {
	depth, from, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' && depth == 0:
			return append(out, s[from:i])
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth == 0:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return out
}

// TestBodiesThatCannotBe holds what members say to each other.
func TestBodiesThatCannotBe(t *testing.T) {
	set := func(name receipt.Kind, f func(receipt.Body)) receipt.Body {
		b := sample.Bodies()[name]
		f(b)
		return b
	}
	for what, body := range map[string]receipt.Body{
		"no nonce":                  set("claim", func(b receipt.Body) { b.(*receipt.Claim).Nonce = "" }),
		"no time":                   set("claim", func(b receipt.Body) { b.(*receipt.Claim).IssuedAt = 0 }),
		"no run":                    set("claim", func(b receipt.Body) { b.(*receipt.Claim).RunID = "" }),
		"first epoch with previous": set("claim", func(b receipt.Body) { b.(*receipt.Claim).Epoch = 1 }),
		"second without":            set("claim", func(b receipt.Body) { b.(*receipt.Claim).Previous = nil }),
		"epoch zero":                set("intent", func(b receipt.Body) { b.(*receipt.Intent).Epoch = 0 }),
		"no operations":             set("submission", func(b receipt.Body) { b.(*receipt.Submission).Operations = nil }),
		"requester is an address":   set("submission", func(b receipt.Body) { b.(*receipt.Submission).Requester = "a@b" }),
		"half a verdict":            set("approval", func(b receipt.Body) { b.(*receipt.Approval).Verdict = "APPROVE" }),
		"approval window":           set("approval", func(b receipt.Body) { b.(*receipt.Approval).ExpiresAt = sample.Noon }),
		"reason of two lines":       set("approval", func(b receipt.Body) { b.(*receipt.Approval).Reason = "a\nb" }),
		"receipt window":            set("receipt", func(b receipt.Body) { b.(*receipt.Receipt).ExpiresAt = sample.Noon }),
		"no audience":               set("receipt", func(b receipt.Body) { b.(*receipt.Receipt).Audience = nil }),
		"no policy":                 set("receipt", func(b receipt.Body) { b.(*receipt.Receipt).Policy = marketops.Digest{} }),
		"zero approval":             set("receipt", func(b receipt.Body) { b.(*receipt.Receipt).Approvals[0] = marketops.Digest{} }),
		"enforceable advisory":      set("advisory", func(b receipt.Body) { b.(*receipt.Advisory).Enforceable = true }),
		"advisory that allows":      set("advisory", func(b receipt.Body) { b.(*receipt.Advisory).Decision = "allowed" }),
		"unknown without intent":    set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Intent = nil }),
		"success with a code":       set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Status = "success" }),
		"failed, effect unknown":    set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Status = "failed" }),
		"success without effects": set("outcome", func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Status, o.Code, o.Effects = "success", "", nil
		}),
		"success, effect absent": set("outcome", func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Status, o.Code, o.Effects[0].State = "success", "", "absent"
		}),
		"rejected with effects": set("outcome", func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Status, o.Intent = "rejected", nil
		}),
		"unknown status":               set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Status = "done" }),
		"refusal without code":         set("refusal", func(b receipt.Body) { b.(*receipt.Refusal).Code = "" }),
		"resolution of unknown":        set("resolution", func(b receipt.Body) { b.(*receipt.Resolution).Verdict = "unknown" }),
		"revocation by nobody":         set("revocation", func(b receipt.Body) { b.(*receipt.Revocation).By = "" }),
		"zero record in closing":       set("run-closed", func(b receipt.Body) { b.(*receipt.RunClosed).Records[1] = marketops.Digest{} }),
		"a log that goes on as itself": set("shard-sealed", func(b receipt.Body) { b.(*receipt.ShardSealed).Next = "log.example" }),
		"a next log of no name":        set("shard-sealed", func(b receipt.Body) { b.(*receipt.ShardSealed).Next = "log2.example/x" }),
		"a log of negative size":       set("shard-sealed", func(b receipt.Body) { b.(*receipt.ShardSealed).Shard.Size = -1 }),
		"a log beyond the limit":       set("shard-sealed", func(b receipt.Body) { b.(*receipt.ShardSealed).Shard.Size = log.MaxSize + 1 }),
		"a log after an empty one":     set("shard-genesis", func(b receipt.Body) { b.(*receipt.ShardGenesis).Previous.Size = 0 }),
		"a log after one without seal": set("shard-genesis", func(b receipt.Body) { b.(*receipt.ShardGenesis).Sealed = marketops.Digest{} }),
		"a log after itself":           set("shard-genesis", func(b receipt.Body) { b.(*receipt.ShardGenesis).Origin = "log.example" }),
		"a log after one without name": set("shard-genesis", func(b receipt.Body) { b.(*receipt.ShardGenesis).Previous.Origin = "" }),
		"operation twice": set("submission", func(b receipt.Body) {
			s := b.(*receipt.Submission)
			s.Operations = append(s.Operations, s.Operations[0])
		}),
		"operation of no kind":       set("approval", func(b receipt.Body) { b.(*receipt.Approval).Operations[0].Kind = "publish" }),
		"operation at no host":       set("approval", func(b receipt.Body) { b.(*receipt.Approval).Operations[0].Target.Host = "github.com." }),
		"receipt at no host":         set("receipt", func(b receipt.Body) { b.(*receipt.Receipt).Target.Host = "GitHub.com" }),
		"receipt of no kind":         set("receipt", func(b receipt.Body) { b.(*receipt.Receipt).OperationKind = "" }),
		"trust version 0":            set("receipt", func(b receipt.Body) { b.(*receipt.Receipt).Trust.Version = 0 }),
		"padded key id in audience":  set("receipt", func(b receipt.Body) { b.(*receipt.Receipt).Audience[0] += "=" }),
		"publisher is no key id":     set("claim", func(b receipt.Body) { b.(*receipt.Claim).Publisher = "SHA256:x" }),
		"effects of another kind":    set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).OperationKind = marketops.OpenPR }),
		"effect left out":            set("outcome", func(b receipt.Body) { o := b.(*receipt.Outcome); o.Effects = o.Effects[:1] }),
		"effects exchanged":          set("outcome", func(b receipt.Body) { slices.Reverse(b.(*receipt.Outcome).Effects) }),
		"attempts below zero":        set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Effects[0].Attempts = -1 }),
		"attempts above the limit":   set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Effects[0].Attempts = receipt.MaxAttempts + 1 }),
		"adopted effect (reserved)":  set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Effects[0].State = receipt.EffectAdopted }),
		"earlier receipt (reserved)": set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Effects[0].Earlier = new(sample.Digest("earlier")) }),
		"retries below zero":         set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).RetryCount = -1 }),
		"rejected after an attempt": set("outcome", func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Status, o.Effects[0].State, o.Effects[1].State = "rejected", "absent", "absent"
		}),
		"intent at no origin":            set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Intent.Origin = "log.example/x" }),
		"intent beyond any log":          set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Intent.Index = log.MaxSize }),
		"checkpoint of size 0":           set("outcome", func(b receipt.Body) { b.(*receipt.Outcome).Checkpoint.Size = 0 }),
		"id of GitHub twice":             set("outcome", func(b receipt.Body) { o := b.(*receipt.Outcome); o.GitHub = append(o.GitHub, o.GitHub[0]) }),
		"refusal of a run of no form":    set("refusal", func(b receipt.Body) { b.(*receipt.Refusal).RunID = "r-1" }),
		"refusal without a status":       set("refusal", func(b receipt.Body) { b.(*receipt.Refusal).Checks[0].Status = "" }),
		"count of none":                  set("run-closed", func(b receipt.Body) { b.(*receipt.RunClosed).Counts[0].Count = 0 }),
		"trust file that follows itself": set("trust-adopted", func(b receipt.Body) { a := b.(*receipt.TrustAdopted); a.Previous = a.Trust.Digest }),
		"trust file of no time":          set("trust-adopted", func(b receipt.Body) { b.(*receipt.TrustAdopted).Effective = 0 }),
		"resolution at no origin":        set("resolution", func(b receipt.Body) { b.(*receipt.Resolution).Position.Origin = "" }),
		"old request":                    set("request", func(b receipt.Body) { b.(*receipt.Request).ExpiresAt = sample.Noon + receipt.MaxRequestAge + 1 }),
		"request without life":           set("request", func(b receipt.Body) { b.(*receipt.Request).ExpiresAt = sample.Noon }),
		"answer without a status":        set("answer", func(b receipt.Body) { b.(*receipt.Answer).Status = 0 }),
		"answer to nothing":              set("answer", func(b receipt.Body) { b.(*receipt.Answer).Request = marketops.Digest{} }),
	} {
		if _, err := receipt.Seal(body, logtest.Key(sample.KeyStranger)); marketops.CodeOf(err) != marketops.ReceiptMalformed {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := receipt.Seal(sample.Bodies()["claim"], logtest.Key(sample.KeyStranger), receipt.SubjectOf("a", sample.Digest("a"))); marketops.CodeOf(err) != marketops.ReceiptMalformed {
		t.Error("a statement about nothing:", err)
	}
}

func TestHeadAndSalt(t *testing.T) {
	h, err := receipt.NewHeader(bytes.NewReader(bytes.Repeat([]byte{0xab}, 16)), sample.Noon)
	if err != nil || h.Nonce != strings.Repeat("ab", 16) || h.Issued() != sample.Noon {
		t.Fatal(h, err)
	}
	if _, err := receipt.NewHeader(bytes.NewReader(make([]byte, 15)), sample.Noon); err == nil {
		t.Error("a nonce of 15 random bytes")
	}
	text := []byte("not found")
	if h.Salted(text) != marketops.DigestOf([]byte("marketops.evidence/v1\n"+h.Nonce+"\nnot found")) {
		t.Error("salting is not what the format says")
	}
	other := receipt.Header{Nonce: strings.Repeat("ac", 16), IssuedAt: sample.Noon}
	if h.Salted(text) == other.Salted(text) || h.Salted(text) == marketops.DigestOf(text) {
		t.Error("two nonces, one digest")
	}
}

func FuzzOpenRecord(f *testing.F) {
	ring, err := crypto.NewKeyring(logtest.Key(sample.KeyStranger).Public())
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range sample.Bodies() {
		f.Add(sample.Seal(f, b, sample.KeyStranger).Opened.Payload)
	}
	quick := crypto.Opener{Verify: new(fast.Keys).Verify, Read: onepass.Read}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if len(payload) == 0 {
			return
		}
		env := sample.Sign(receipt.PayloadType, payload, sample.KeyStranger)
		r, err := receipt.Open(env, ring)
		audited, auditErr := receipt.OpenWith(quick, env, ring)
		if marketops.CodeOf(auditErr) != marketops.CodeOf(err) || (auditErr == nil) != (err == nil) || err == nil && !reflect.DeepEqual(audited.Body, r.Body) {
			t.Fatalf("an audit says %v, a gate %v", auditErr, err)
		}
		if err != nil {
			if c := marketops.CodeOf(err); c != marketops.ReceiptMalformed && c != marketops.RecordUnknown && c != marketops.SignatureInvalid {
				t.Fatalf("code %q: %v", c, err)
			}
			return
		}
		again, err := receipt.Seal(r.Body, logtest.Key(sample.KeyStranger), r.Subject[1:]...)
		if err != nil || !bytes.Equal(again.Opened.Payload, payload) {
			t.Fatalf("%v: written again it is\n%s\nit was\n%s", err, again.Opened.Payload, payload)
		}
	})
}

// TestOpenNeedsATrustedKey is the control of every other opening.
func TestOpenNeedsATrustedKey(t *testing.T) {
	r := sample.Advisory()
	for name, ring := range map[string]*crypto.Keyring{"nil": nil, "zero": {}} {
		if _, err := receipt.Open(r.Envelope, ring); !errors.Is(err, marketops.KeyUnknown) {
			t.Errorf("%s keyring: %v", name, err)
		}
	}
}
