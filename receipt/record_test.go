package receipt_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

func digest(s string) marketops.Digest { return marketops.DigestOf([]byte(s)) }

// bodies returns one of each record, every member set.
func bodies() map[string]receipt.Body {
	run, rid, target, prev := marketops.NewRunID([16]byte{1}), marketops.NewReceiptID([16]byte{2}), releaseOp().Target, digest("previous")
	out := map[string]receipt.Body{}
	for i, b := range []receipt.Body{
		&receipt.Submission{RunID: run, Requester: "rachel", Plan: digest("plan"), Operations: []marketops.Digest{digest("op")}, Findings: digest("findings"), NotShipped: digest("not shipped")},
		&receipt.Approval{Verdict: "approve", RunID: run, Submission: digest("submission"), Requester: "rachel", Plan: digest("plan"), Operations: []marketops.Digest{digest("op")},
			Policy: digest("policy"), Reason: "looks right", NotBefore: noon, ExpiresAt: noon + hour},
		&receipt.Receipt{ReceiptID: rid, RunID: run, OperationKind: marketops.PublishRelease, Operation: digest("op"), Plan: digest("plan"), Policy: digest("policy"),
			Trust: receipt.TrustRef{Version: 3, Digest: digest("trust")}, Target: target, Audience: []crypto.KeyID{id(keyPublisher)}, Mode: marketops.Prod, Enforceable: true,
			NotBefore: noon, ExpiresAt: noon + hour, Submission: digest("submission"), Approvals: []marketops.Digest{digest("approval")}},
		&receipt.Advisory{ReceiptID: rid, RunID: run, OperationKind: marketops.PublishRelease, Operation: digest("op"), Plan: digest("plan"), Policy: digest("policy"), Target: target,
			Mode: marketops.DryRun, Decision: "denied", Codes: []marketops.Code{marketops.PolicyDenied}, WhyNot: digest("why not")},
		&receipt.Claim{RunID: run, ReceiptID: rid, Receipt: digest("receipt"), Operation: digest("op"), Publisher: id(keyPublisher), Epoch: 2, Previous: &prev},
		&receipt.Intent{RunID: run, ReceiptID: rid, Claim: digest("claim"), Receipt: digest("receipt"), Operation: digest("op"), Epoch: 2},
		&receipt.Outcome{OperationID: digest("op"), RunID: run, ReceiptID: rid, Receipt: digest("receipt"), OperationKind: marketops.PublishRelease, Epoch: 2,
			Intent: &log.Position{Origin: "log.example", Index: 9}, Status: "unknown", Effects: []receipt.Effect{{Name: "release", State: "unknown"}}, Code: marketops.OutcomeUnknown,
			Error: digest("error"), Response: digest("response"), RetryCount: 1, GitHub: []receipt.GitHubID{{Name: "release_id", Value: "5"}},
			Checkpoint: &receipt.Seen{Origin: "log.example", Size: 10, Root: log.EmptyRoot()}},
		&receipt.Refusal{OperationID: digest("op"), RunID: string(run), ReceiptID: string(rid), OperationKind: marketops.PublishRelease, Request: digest("request"), Code: marketops.Consumed,
			Checks: []receipt.CheckResult{{Code: marketops.Consumed, Status: marketops.Fail}}, Evidence: digest("evidence")},
		&receipt.Resolution{RunID: run, ReceiptID: rid, Outcome: digest("outcome"), Position: log.Position{Origin: "log.example", Index: 11}, Verdict: "failed", Reason: digest("reason")},
		&receipt.Revocation{RunID: run, ReceiptID: rid, Receipt: digest("receipt"), By: "alice", Reason: digest("reason")},
		&receipt.RunClosed{RunID: run, Plan: digest("plan"), Counts: []receipt.Count{{Name: "claim", Count: 2}}, Records: []marketops.Digest{digest("a"), digest("b")}, Previous: &prev},
		&receipt.Request{Method: "POST /v1/claim", Body: digest("body"), Core: "core.example", ExpiresAt: noon + 30},
		&receipt.ShardSealed{Shard: receipt.Seen{Origin: "log.example", Size: 5, Root: log.EmptyRoot()}, Next: "log2.example"},
		&receipt.ShardGenesis{Origin: "log2.example", Previous: receipt.Seen{Origin: "log.example", Size: 6, Root: log.EmptyRoot()}, Sealed: digest("sealed")},
	} {
		reflect.ValueOf(b).Elem().FieldByName("Head").Set(reflect.ValueOf(head(500+i, noon)))
		out[b.Name()] = b
	}
	return out
}

// TestRecordGoldens freezes the payload bytes: whoever changes them changes what old records say.
func TestRecordGoldens(t *testing.T) {
	all := bodies()
	if len(all) != 14 {
		t.Fatalf("%d kinds of record", len(all))
	}
	for name, body := range all {
		r := seal(t, body, keyStranger, digest("subject"), "subject.json")
		path := "../testdata/records/" + name + ".json"
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
	ring, err := crypto.NewKeyring(logtest.Key(keyStranger).Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range bodies() {
		sealed := seal(t, body, keyStranger, digest("subject"), "subject.json", receipt.SubjectOf("asset", digest("asset")))
		r, err := receipt.Open(sealed.Envelope, ring)
		if err != nil {
			t.Fatal(name, err)
		}
		if !reflect.DeepEqual(r.Body, body) {
			t.Errorf("%s came back as %+v", name, r.Body)
		}
		if r.About() != digest("subject") || len(r.Subject) != 2 || r.By != id(keyStranger) || r.Digest != sealed.Digest ||
			r.Digest != receipt.NameOf(sealed.Envelope) || r.LeafHash() != log.LeafHash(r.Leaf()) {
			t.Errorf("%s: names differ", name)
		}
		entry, err := log.ParseLeaf(r.Leaf())
		if err != nil || entry.Key != logtest.Key(keyStranger).Public() {
			t.Errorf("%s: leaf: %v", name, err)
		}
	}
	if !receipt.NameOf([]byte("{}")).IsZero() {
		t.Error("what is no envelope has a name")
	}
}

// TestPayloadsAreStrict damages each golden in every way that a lenient reader would forgive.
func TestPayloadsAreStrict(t *testing.T) {
	ring, err := crypto.NewKeyring(logtest.Key(keyStranger).Public())
	if err != nil {
		t.Fatal(err)
	}
	for name := range bodies() {
		good, err := os.ReadFile("../testdata/records/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		open := func(payload []byte) error {
			_, err := receipt.Open(resign(receipt.PayloadType, payload, keyStranger), ring)
			return err
		}
		if err := open(good); err != nil {
			t.Fatal(name, err)
		}
		for what, payload := range damaged(string(good)) {
			if err := open([]byte(payload)); marketops.CodeOf(err) != marketops.ReceiptMalformed {
				t.Errorf("%s with %s: %v", name, what, err)
			}
		}
		for _, to := range []string{name + "/v2", "x" + name + "/v1", name} {
			if err := open(bytes.Replace(good, []byte(name+"/v1"), []byte(to), 1)); marketops.CodeOf(err) != marketops.RecordUnknown {
				t.Errorf("%s as %s: %v", name, to, err)
			}
		}
	}
}

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
		"empty name":   strings.Replace(good, `"name":"subject.json"`, `"name":""`, 1),
	}
	start := strings.Index(good, `"predicate":{`) + len(`"predicate":{`)
	for _, m := range members(good[start:]) {
		key, _, _ := strings.Cut(m, ":")
		cut := strings.Replace(good, m+",", "", 1)
		if cut == good {
			cut = strings.Replace(good, ","+m, "", 1)
		}
		out["no "+key], out["two "+key] = cut, strings.Replace(good, m, m+","+m, 1)
		if key != `"previous"` && key != `"checkpoint"` || strings.Contains(good, "/claim/v1") { // null says something there
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
	set := func(name string, f func(receipt.Body)) receipt.Body {
		b := bodies()[name]
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
		"approval window":           set("approval", func(b receipt.Body) { b.(*receipt.Approval).ExpiresAt = noon }),
		"reason of two lines":       set("approval", func(b receipt.Body) { b.(*receipt.Approval).Reason = "a\nb" }),
		"receipt window":            set("receipt", func(b receipt.Body) { b.(*receipt.Receipt).ExpiresAt = noon }),
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
		"old request":                  set("request", func(b receipt.Body) { b.(*receipt.Request).ExpiresAt = noon + receipt.MaxRequestAge + 1 }),
		"request without life":         set("request", func(b receipt.Body) { b.(*receipt.Request).ExpiresAt = noon }),
	} {
		if _, err := receipt.Seal(body, logtest.Key(keyStranger), receipt.SubjectOf("x", digest("x"))); marketops.CodeOf(err) != marketops.ReceiptMalformed {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := receipt.Seal(bodies()["claim"], logtest.Key(keyStranger)); marketops.CodeOf(err) != marketops.ReceiptMalformed {
		t.Error("a statement about nothing:", err)
	}
}

func TestHeadAndSalt(t *testing.T) {
	h, err := receipt.NewHead(bytes.NewReader(bytes.Repeat([]byte{0xab}, 16)), noon)
	if err != nil || h.Nonce != strings.Repeat("ab", 16) || h.Issued() != noon {
		t.Fatal(h, err)
	}
	if _, err := receipt.NewHead(bytes.NewReader(make([]byte, 15)), noon); err == nil {
		t.Error("a nonce of 15 random bytes")
	}
	text := []byte("not found")
	if h.Salted(text) != marketops.DigestOf([]byte("marketops.evidence/v1\n"+h.Nonce+"\nnot found")) {
		t.Error("salting is not what the format says")
	}
	other := receipt.Head{Nonce: strings.Repeat("ac", 16), IssuedAt: noon}
	if h.Salted(text) == other.Salted(text) || h.Salted(text) == marketops.DigestOf(text) {
		t.Error("two nonces, one digest")
	}
}

func FuzzOpenRecord(f *testing.F) {
	ring, err := crypto.NewKeyring(logtest.Key(keyStranger).Public())
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range bodies() {
		f.Add(seal(f, b, keyStranger, digest("x"), "x").Opened.Payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if len(payload) == 0 {
			return
		}
		r, err := receipt.Open(resign(receipt.PayloadType, payload, keyStranger), ring)
		if err != nil {
			if c := marketops.CodeOf(err); c != marketops.ReceiptMalformed && c != marketops.RecordUnknown {
				t.Fatalf("code %q: %v", c, err)
			}
			return
		}
		again, err := receipt.Seal(r.Body, logtest.Key(keyStranger), r.Subject...)
		if err != nil || !bytes.Equal(again.Opened.Payload, payload) {
			t.Fatalf("%v: written again it is\n%s\nit was\n%s", err, again.Opened.Payload, payload)
		}
	})
}

// TestOpenNeedsATrustedKey is the control of every other opening.
func TestOpenNeedsATrustedKey(t *testing.T) {
	r := advisory()
	for name, ring := range map[string]*crypto.Keyring{"nil": nil, "zero": {}} {
		if _, err := receipt.Open(r.Envelope, ring); !errors.Is(err, marketops.KeyUnknown) {
			t.Errorf("%s keyring: %v", name, err)
		}
	}
}
