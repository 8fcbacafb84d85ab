package sample

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Noon is the second at which the scene's receipt is issued.
const Noon = marketops.Time(1_790_000_000)

const Hour = marketops.Time(3600)

// The keys of the scene, by the byte that logtest.Key repeats.
const (
	KeyLog byte = iota + 1
	KeyWitness1
	KeyWitness2
	KeyAuthority1
	KeyAuthority2
	KeyAdvisory
	KeyPublisher
	KeyLedger
	KeyRequester
	KeyAlice
	KeyAlicePhone
	KeyBob
	KeyCarol    // a person outside the approving group
	KeyStranger // in no trust file
)

func ID(n byte) crypto.KeyID { return logtest.Key(n).Public().ID() }

func TrustKey(n byte, id string) trust.Key {
	return trust.Key{ID: id, Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(logtest.Key(n).Public().SPKI()),
		NotBefore: Noon - 1000*Hour, NotAfter: Noon + 1000*Hour}
}

func Person(id string, groups []string, keys ...byte) trust.Person {
	p := trust.Person{ID: id, Groups: groups}
	for i, n := range keys {
		p.Keys = append(p.Keys, TrustKey(n, fmt.Sprintf("%s-%d", id, i+1)))
	}
	return p
}

func Everything(group string, threshold int) []trust.Rule {
	return []trust.Rule{{Kinds: []string{"*"}, Targets: []string{"*"}, Group: group, Threshold: threshold}}
}

func NewLog() *logtest.Log {
	l := logtest.New("log.example", logtest.Key(KeyLog))
	l.Witnesses = []logtest.Witness{{Name: "w1.example", Key: logtest.Key(KeyWitness1), At: Noon}, {Name: "w2.example", Key: logtest.Key(KeyWitness2), At: Noon}}
	return l
}

func NewTrust(l *logtest.Log) trust.File {
	release := []string{"release"}
	return trust.File{
		Schema: "marketops.trust/v2", Version: 3, Previous: marketops.DigestOf([]byte("version 2")), Effective: Noon - 100*Hour, Expires: Noon + 1000*Hour, Hosts: []marketops.Host{"github.com"},
		Persons: []trust.Person{Person("rachel", release, KeyRequester), Person("alice", release, KeyAlice, KeyAlicePhone),
			Person("bob", release, KeyBob), Person("carol", []string{"guests"}, KeyCarol)},
		Authorities:    []trust.Key{TrustKey(KeyAuthority1, "core-1"), TrustKey(KeyAuthority2, "core-2")},
		AuthorityRules: Everything("", 2),
		Advisory:       []trust.Key{TrustKey(KeyAdvisory, "engine")},
		Publishers:     []trust.Key{TrustKey(KeyPublisher, "publisher-1")},
		Ledger:         []trust.Key{TrustKey(KeyLedger, "ledger-1")},
		Resolvers:      Everything("release", 0),
		Revokers:       Everything("release", 0),
		Approvals:      Everything("release", 2),
		LogPolicy:      l.PolicyText(),
		MaxLifetime:    int64(24 * Hour),
	}
}

func TrustText(t testing.TB, f trust.File) []byte {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ReleaseOp() marketops.Operation {
	o := marketops.NewOperation(marketops.PublishRelease, marketops.Target{Type: "github", Host: "github.com", RepositoryID: 1296269, FullName: "octo-org/widgets"})
	o.Tag = &marketops.Tag{Name: "v1.4.0", Commit: strings.Repeat("3b1f9c2a", 5), Tree: strings.Repeat("a0b1c2d3", 5), Message: "widgets 1.4.0",
		Tagger: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: Noon}}
	o.Release = &marketops.Release{Name: "Widgets 1.4.0", Body: "What is new", MakeLatest: "true",
		Assets: []marketops.Asset{{Name: "a.tar.gz", Size: 3, SHA256: marketops.DigestOf([]byte("abc")), ContentType: "application/gzip"},
			{Name: "b.txt", Size: 1, SHA256: marketops.DigestOf([]byte("b")), ContentType: "text/plain"}}}
	return o
}

func Header(n int, at marketops.Time) receipt.Header {
	return receipt.Header{Nonce: fmt.Sprintf("%032x", n), IssuedAt: at}
}

func Seal(t testing.TB, body receipt.Body, by byte, files ...receipt.Subject) *receipt.Record {
	t.Helper()
	r, err := receipt.Seal(body, logtest.Key(by), files...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Sign puts any payload under any payload type into an envelope of the given key.
func Sign(payloadType string, payload []byte, by byte) []byte {
	env, err := crypto.Sign(payloadType, payload, logtest.Key(by))
	if err != nil {
		panic(err)
	}
	return env
}

func PayloadOf(env []byte) []byte {
	var e struct{ Payload []byte }
	if err := json.Unmarshal(env, &e); err != nil {
		panic(err)
	}
	return e.Payload
}

// Replace exchanges text in the payload of an envelope and signs it again with the same hand.
func Replace(env []byte, by byte, old, new string) []byte {
	p := string(PayloadOf(env))
	if !strings.Contains(p, old) {
		panic(old + " is not in " + p)
	}
	return Sign(receipt.PayloadType, []byte(strings.Replace(p, old, new, 1)), by)
}

func Swap(old, new string) func([]byte) []byte {
	return func(b []byte) []byte {
		if !bytes.Contains(b, []byte(old)) {
			panic(old + " is not there")
		}
		return bytes.Replace(b, []byte(old), []byte(new), 1)
	}
}

func Advisory() *receipt.Record {
	op := ReleaseOp()
	d, _ := op.Digest()
	r, err := receipt.Seal(&receipt.Advisory{Header: Header(200, Noon), ReceiptID: marketops.NewReceiptID([16]byte{15: 9}), RunID: marketops.NewRunID([16]byte{15: 7}),
		OperationKind: op.Kind, Operation: d, Plan: marketops.DigestOf([]byte("the plan")), Target: op.Target, Mode: marketops.DryRun,
		Decision: "blocked_by_mode", Codes: []marketops.Code{marketops.ModeNotProd}}, logtest.Key(KeyAdvisory))
	if err != nil {
		panic(err)
	}
	return r
}

// weakSPKI returns the SubjectPublicKeyInfo of 32 bytes that no good key has.
func weakSPKI(y []byte) string {
	der := slices.Clone(logtest.Key(1).Public().SPKI())
	return base64.StdEncoding.EncodeToString(append(der[:12], y...))
}

var BadTrust = []struct {
	Name string
	Edit func(*trust.File)
}{
	{"other-schema", func(f *trust.File) { f.Schema = "marketops.trust/v1" }},
	{"no-version", func(f *trust.File) { f.Version = 0 }},
	{"negative-version", func(f *trust.File) { f.Version = -1 }},
	{"no-previous", func(f *trust.File) { f.Previous = marketops.Digest{} }},
	{"first-version-with-previous", func(f *trust.File) { f.Version = 1 }},
	{"never-effective", func(f *trust.File) { f.Effective = 0 }},
	{"effective-after-its-end", func(f *trust.File) { f.Effective = f.Expires }},
	{"no-hosts", func(f *trust.File) { f.Hosts = nil }},
	{"host-twice", func(f *trust.File) { f.Hosts = []marketops.Host{"github.com", "github.com"} }},
	{"reader-is-person", func(f *trust.File) { f.Readers = []trust.Reader{{Key: TrustKey(KeyAlice, "reader")}} }},
	{"reader-twice", func(f *trust.File) {
		f.Readers = []trust.Reader{{Key: TrustKey(KeyStranger, "reader")}, {Key: TrustKey(KeyStranger, "monitor")}}
	}},
	{"reader-of-nothing", func(f *trust.File) {
		f.Readers = []trust.Reader{{Key: TrustKey(KeyStranger, "reader"), Targets: []string{}}}
	}},
	{"reader-of-name", func(f *trust.File) {
		f.Readers = []trust.Reader{{Key: TrustKey(KeyStranger, "reader"), Targets: []string{"octo-org/widgets"}}}
	}},
	{"reader-of-unlisted-host", func(f *trust.File) {
		f.Readers = []trust.Reader{{Key: TrustKey(KeyStranger, "reader"), Targets: []string{"ghe.example.com#1"}}}
	}},
	{"reader-without-id", func(f *trust.File) { f.Readers = []trust.Reader{{Key: TrustKey(KeyStranger, "")}} }},
	{"reader-window-reversed", func(f *trust.File) {
		f.Readers = []trust.Reader{{Key: TrustKey(KeyStranger, "reader")}}
		f.Readers[0].NotAfter = f.Readers[0].NotBefore
	}},
	{"rule-of-unlisted-host", func(f *trust.File) { f.Approvals[0].Targets = []string{"ghe.example.com#1"} }},
	{"rule-of-host-with-dot", func(f *trust.File) { f.Approvals[0].Targets = []string{"github.com.#1"} }},
	{"rule-of-api-host", func(f *trust.File) { f.Approvals[0].Targets = []string{"api.github.com#1"} }},
	{"rule-of-padded-id", func(f *trust.File) { f.Approvals[0].Targets = []string{"github.com#01001"} }},
	{"rule-of-id-zero", func(f *trust.File) { f.Revokers[0].Targets = []string{"github.com#0"} }},
	{"rule-of-id-above-all", func(f *trust.File) { f.Resolvers[0].Targets = []string{"github.com#99999999999999999999"} }},
	{"no-expiry", func(f *trust.File) { f.Expires = 0 }},
	{"log-key-end-of-no-log", func(f *trust.File) {
		f.LogKeyEnds = []trust.LogKeyEnd{{Vkey: log.Vkey("log.example", logtest.Key(KeyStranger).Public()), Size: 5}}
	}},
	{"log-key-end-below-zero", func(f *trust.File) { f.LogKeyEnds = []trust.LogKeyEnd{{Vkey: NewLog().Vkey(), Size: -1}} }},
	{"log-key-ends-twice", func(f *trust.File) {
		f.LogKeyEnds = []trust.LogKeyEnd{{Vkey: NewLog().Vkey(), Size: 5}, {Vkey: NewLog().Vkey(), Size: 6}}
	}},
	{"no-lifetime", func(f *trust.File) { f.MaxLifetime = 0 }},
	{"lifetime-over-24h", func(f *trust.File) { f.MaxLifetime = 86401 }},
	{"small-order-key", func(f *trust.File) {
		f.Authorities[0].SPKI = weakSPKI(append([]byte{1}, make([]byte, 31)...))
	}},
	{"zero-key", func(f *trust.File) { f.Authorities[0].SPKI = weakSPKI(make([]byte, 32)) }},
	{"non-canonical-key", func(f *trust.File) {
		y := bytes.Repeat([]byte{0xff}, 32)
		y[0], y[31] = 0xf0, 0x7f
		f.Authorities[0].SPKI = weakSPKI(y)
	}},
	{"truncated-key", func(f *trust.File) { f.Authorities[0].SPKI = f.Authorities[0].SPKI[:56] }},
	{"private-key", func(f *trust.File) {
		f.Authorities[0].SPKI = base64.StdEncoding.EncodeToString(logtest.Key(KeyAuthority1).PKCS8())
	}},
	{"elliptic-curve-key", func(f *trust.File) {
		f.Authorities[0].SPKI = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnFiCbEq4gCsU8eS+IlzrHcN1gY1/F6IRzzYMyOmXxmklO2SQ4LYQ3SMKYsNpO/18D5bEeqg+Bv48BmoQJGkyrQ=="
	}},
	{"rsa-key", func(f *trust.File) {
		f.Authorities[0].SPKI = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDZCxfm5rPNobebj0Fcn2rDXaT5yBYyrOGBsiVslJQ8xyfav5bie475uNTYKPJKrkub3/mwdEPiXKtqGl0JnITTdp3TfMWroxqHZt8YNby4Wd0Ot/qQ0FMYHQqrcWhBDZYLUUu2cgXKHAR8Ss2QB8S8L8zjjYXZj07Z09rEmGts1QIDAQAB"
	}},
	{"key-with-newline", func(f *trust.File) { f.Authorities[0].SPKI += "\n" }},
	{"other-algorithm", func(f *trust.File) { f.Authorities[0].Alg = "ed25519ph" }},
	{"no-algorithm", func(f *trust.File) { f.Authorities[0].Alg = "" }},
	{"key-id-with-space", func(f *trust.File) { f.Authorities[0].ID = "core 1" }},
	{"window-reversed", func(f *trust.File) { f.Authorities[0].NotAfter = f.Authorities[0].NotBefore }},
	{"revoked-from-no-origin", func(f *trust.File) { f.Authorities[0].RevokedFrom = []log.Position{{Index: 4}} }},
	{"key-of-two-persons", func(f *trust.File) { f.Persons[1].Keys[0].SPKI = f.Persons[0].Keys[0].SPKI }},
	{"key-twice-in-one-person", func(f *trust.File) { f.Persons[1].Keys[1].SPKI = f.Persons[1].Keys[0].SPKI }},
	{"key-of-two-authorities", func(f *trust.File) { f.Authorities[1].SPKI = f.Authorities[0].SPKI }},
	{"authority-is-publisher", func(f *trust.File) { f.Publishers[0].SPKI = f.Authorities[0].SPKI }},
	{"authority-is-advisory", func(f *trust.File) { f.Advisory[0].SPKI = f.Authorities[0].SPKI }},
	{"approver-is-ledger", func(f *trust.File) { f.Ledger[0].SPKI = f.Persons[1].Keys[0].SPKI }},
	{"person-twice", func(f *trust.File) { f.Persons[2].ID = "alice" }},
	{"person-id-with-at", func(f *trust.File) { f.Persons[2].ID = "bob@example.com" }},
	{"person-id-empty", func(f *trust.File) { f.Persons[2].ID = "" }},
	{"authority-threshold-unmet", func(f *trust.File) { f.AuthorityRules[0].Threshold = 3 }},
	{"authority-threshold-zero", func(f *trust.File) { f.AuthorityRules[0].Threshold = 0 }},
	{"authority-threshold-of-one-with-two-keys", func(f *trust.File) { f.Authorities[1].ID = f.Authorities[0].ID }},
	{"authority-rule-with-group", func(f *trust.File) { f.AuthorityRules[0].Group = "release" }},
	{"approval-threshold-unmet", func(f *trust.File) { f.Approvals[0].Threshold = 4 }},
	{"approval-threshold-zero", func(f *trust.File) { f.Approvals[0].Threshold = 0 }},
	{"approval-threshold-negative", func(f *trust.File) { f.Approvals[0].Threshold = -1 }},
	{"approval-group-unknown", func(f *trust.File) { f.Approvals[0].Group = "nobody" }},
	{"approval-group-without-keys", func(f *trust.File) {
		f.Persons[3].Keys = nil
		f.Approvals = Everything("guests", 1)
	}},
	{"rule-without-kinds", func(f *trust.File) { f.Approvals[0].Kinds = nil }},
	{"rule-without-targets", func(f *trust.File) { f.Approvals[0].Targets = nil }},
	{"rule-of-unknown-kind", func(f *trust.File) { f.Approvals[0].Kinds = []string{"publish"} }},
	{"rule-by-name", func(f *trust.File) { f.Approvals[0].Targets = []string{"octo-org/widgets"} }},
	{"rule-by-pattern", func(f *trust.File) { f.Approvals[0].Targets = []string{"github.com#*"} }},
	{"resolvers-unknown-group", func(f *trust.File) { f.Resolvers[0].Group = "nobody" }},
	{"revokers-unknown-group", func(f *trust.File) { f.Revokers[0].Group = "" }},
	{"revokers-with-threshold", func(f *trust.File) { f.Revokers[0].Threshold = 2 }},
	{"no-log-policy", func(f *trust.File) { f.LogPolicy = "" }},
	{"log-policy-without-quorum", func(f *trust.File) { f.LogPolicy = strings.Split(f.LogPolicy, "group")[0] }},
	{"log-policy-without-log", func(f *trust.File) { f.LogPolicy = "quorum none\n" }},
}

var BadTrustText = []struct {
	Name string
	Edit func([]byte) []byte
}{
	{"empty", func([]byte) []byte { return nil }},
	{"null", func([]byte) []byte { return []byte("null") }},
	{"list", func([]byte) []byte { return []byte("[]") }},
	{"truncated", func(b []byte) []byte { return b[:len(b)-1] }},
	{"trailing-data", func(b []byte) []byte { return append(slices.Clone(b), "{}"...) }},
	{"unknown-member", Swap(`{"schema"`, `{"admins":[],"schema"`)},
	{"unknown-member-of-key", Swap(`"alg":`, `"role":"any","alg":`)},
	{"unknown-member-of-rule", Swap(`"kinds":`, `"except":[],"kinds":`)},
	{"duplicate-member", Swap(`"version":3`, `"version":3,"version":4`)},
	{"host-in-upper-case", Swap(`"hosts":["github.com"]`, `"hosts":["GitHub.com"]`)},
	{"host-with-dot", Swap(`"hosts":["github.com"]`, `"hosts":["github.com."]`)},
	{"host-of-api", Swap(`"hosts":["github.com"]`, `"hosts":["api.github.com"]`)},
	{"sixteen-digits", Swap(`"version":3`, `"version":3000000000000000`)},
	{"wrong-case", Swap(`"version":3`, `"Version":3`)},
	{"version-as-text", Swap(`"version":3`, `"version":"3"`)},
	{"no-schema", Swap(`"schema":"marketops.trust/v2",`, ``)},
}

func Digest(s string) marketops.Digest { return marketops.DigestOf([]byte(s)) }

// Bodies returns one of each record, every member set.
func Bodies() map[receipt.Kind]receipt.Body {
	run, rid, target, prev := marketops.NewRunID([16]byte{1}), marketops.NewReceiptID([16]byte{2}), ReleaseOp().Target, Digest("previous")
	out, ref := map[receipt.Kind]receipt.Body{}, receipt.OperationRef{Operation: Digest("op"), Kind: marketops.PublishRelease, Target: target}
	for i, b := range []receipt.Body{
		&receipt.Submission{RunID: run, Requester: "rachel", Plan: Digest("plan"), Operations: []receipt.OperationRef{ref}, Findings: Digest("findings"), NotShipped: Digest("not shipped")},
		&receipt.Approval{Verdict: "approve", RunID: run, Submission: Digest("submission"), Requester: "rachel", Plan: Digest("plan"), Operations: []receipt.OperationRef{ref},
			Policy: Digest("policy"), Reason: "looks right", NotBefore: Noon, ExpiresAt: Noon + Hour},
		&receipt.Receipt{ReceiptID: rid, RunID: run, OperationKind: marketops.PublishRelease, Operation: Digest("op"), Plan: Digest("plan"), Policy: Digest("policy"),
			Trust: receipt.TrustRef{Version: 3, Digest: Digest("trust")}, Target: target, Audience: []crypto.KeyID{ID(KeyPublisher)}, Mode: marketops.Prod, Enforceable: true,
			NotBefore: Noon, ExpiresAt: Noon + Hour, Submission: Digest("submission"), Approvals: []marketops.Digest{Digest("approval")}},
		&receipt.Advisory{ReceiptID: rid, RunID: run, OperationKind: marketops.PublishRelease, Operation: Digest("op"), Plan: Digest("plan"), Policy: Digest("policy"), Target: target,
			Mode: marketops.DryRun, Decision: "denied", Codes: []marketops.Code{marketops.PolicyDenied}, WhyNot: Digest("why not")},
		&receipt.Claim{RunID: run, ReceiptID: rid, Receipt: Digest("receipt"), Operation: Digest("op"), Publisher: ID(KeyPublisher), Epoch: 2, Previous: &prev},
		&receipt.Intent{RunID: run, ReceiptID: rid, Claim: Digest("claim"), Receipt: Digest("receipt"), Operation: Digest("op"), Epoch: 2},
		&receipt.Outcome{OperationID: Digest("op"), RunID: run, ReceiptID: rid, Receipt: Digest("receipt"), OperationKind: marketops.PublishRelease, Epoch: 2,
			Intent: &log.Position{Origin: "log.example", Index: 9}, Status: "unknown", Effects: []receipt.Effect{{Name: "tag", State: "applied", Attempts: 1}, {Name: "release", State: "unknown", Attempts: 2}}, Code: marketops.OutcomeUnknown,
			Error: Digest("error"), Response: Digest("response"), RetryCount: 1, GitHub: []receipt.GitHubID{{Name: "release_id", Value: "5"}},
			Checkpoint: &receipt.CheckpointRef{Origin: "log.example", Size: 10, Root: log.EmptyRoot()}},
		&receipt.Refusal{OperationID: Digest("op"), RunID: string(run), ReceiptID: string(rid), OperationKind: marketops.PublishRelease, Request: Digest("request"), Code: marketops.Consumed,
			Checks: []receipt.CheckResult{{Code: marketops.Consumed, Status: marketops.Fail}}, Evidence: Digest("evidence")},
		&receipt.Resolution{RunID: run, ReceiptID: rid, Operation: Digest("op"), Outcome: Digest("outcome"), Position: log.Position{Origin: "log.example", Index: 11}, Verdict: "failed", Reason: Digest("reason")},
		&receipt.Revocation{RunID: run, ReceiptID: rid, Operation: Digest("op"), Receipt: Digest("receipt"), By: "alice", Reason: Digest("reason")},
		&receipt.RunClosed{RunID: run, Plan: Digest("plan"), Counts: []receipt.Count{{Name: "claim", Count: 2}}, Records: []marketops.Digest{Digest("a"), Digest("b")}, Previous: &prev},
		&receipt.Request{Method: "POST /v1/claim", Body: Digest("body"), Core: "core.example", ExpiresAt: Noon + 30},
		&receipt.TrustAdopted{Trust: receipt.TrustRef{Version: 4, Digest: Digest("trust")}, Previous: prev, Effective: Noon},
		&receipt.ShardSealed{Shard: receipt.CheckpointRef{Origin: "log.example", Size: 5, Root: log.EmptyRoot()}, Next: "log2.example"},
		&receipt.ShardGenesis{Origin: "log2.example", Previous: receipt.CheckpointRef{Origin: "log.example", Size: 6, Root: log.EmptyRoot()}, Sealed: Digest("sealed"), Trust: receipt.TrustRef{Version: 3, Digest: Digest("trust")}},
		&receipt.Answer{Request: Digest("request"), Status: 200, Body: Digest("body")},
	} {
		reflect.ValueOf(b).Elem().FieldByName("Header").Set(reflect.ValueOf(Header(500+i, Noon)))
		out[b.Kind()] = b
	}
	return out
}
