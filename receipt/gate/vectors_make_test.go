package gate_test

import (
	"bytes"
	stdcrypto "crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/sigstore"
)

// maker writes vectors. What a vector wants is what its author says, never what the code
// answered: only the list of further failures of the gate is taken from a run.
type maker struct{ t *testing.T }

func writeVectors(t *testing.T) {
	removeOld(t)
	m := maker{t}
	m.gate()
	m.envelopes()
	m.records()
	m.operations()
	m.trustFiles()
	m.policies()
	m.checkpoints()
	m.proofs()
	m.leaves()
	m.bundles()
	m.worlds()
}

// removeOld removes the vectors that are written anew, and none of another writer.
func removeOld(t *testing.T) {
	old, err := filepath.Glob(vectorDir + "/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if json.Unmarshal(b, &v) != nil || functions[v.Function] == nil {
			continue
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func (m maker) write(code marketops.Code, name, comment, function string, input any, want wanted) {
	m.t.Helper()
	dir := string(code)
	if code == "" {
		dir = "accept"
	}
	path := filepath.Join(vectorDir, dir, name+".json")
	if _, err := os.Stat(path); err == nil {
		m.t.Fatalf("%s is there twice", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, encodeVector(comment, function, input, want), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// encodeVector returns the text of a vector's file.
func encodeVector(comment, function string, input any, want wanted) []byte {
	var in, out bytes.Buffer
	enc := json.NewEncoder(&in)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(input); err != nil {
		panic(err)
	}
	enc = json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(vector{"marketops.vector/v1", comment, function, in.Bytes(), want}); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func (m maker) refuse(code marketops.Code, name, comment, function string, input any) {
	m.t.Helper()
	m.write(code, name, comment, function, input, wanted{Code: code})
}

func (m maker) accept(name, comment, function string, input any, digest string) {
	m.t.Helper()
	m.write("", name, comment, function, input, wanted{Digest: digest})
}

func words(name string) string { return strings.ReplaceAll(name, "-", " ") }

// gate turns the manipulations of the gate's own test into files. Those of an operation that has
// no document cannot be written down and stay in the test.
func (m maker) gate() {
	q := newScene().build(m.t)
	rec, _ := gate.Check(q.ask, q.ev, q.trust)
	m.accept("gate-release", "one release by two authorities, two approvers, a witnessed log; every gate vector is this one with one thing changed", "gate", gateVector(q), rec.Digest.String())
	for _, x := range manipulations {
		q := x.build(m.t)
		if doc, err := q.ask.Op.Document(); err == nil {
			q.document = doc
		} else {
			continue
		}
		_, checks := gate.Check(q.ask, q.ev, q.trust)
		dir := x.code
		if x.proves != "" {
			dir = x.proves
		}
		m.write(dir, "gate-"+x.name, words(x.name), "gate", gateVector(q), wanted{Code: x.code, Failed: failures(checks)})
	}
}

func gateVector(q *question) gateInput {
	in := gateInput{Trust: q.trustText, Mode: string(q.ask.Mode), Run: string(q.ask.Run), Operation: q.document, Host: string(q.ask.Host),
		Content: q.ask.Content, Publisher: string(q.ask.Publisher), Now: q.ask.Now, Submission: loggedVector(q.ev.Submission),
		Receipts: []vectorLogged{}, Approvals: []vectorLogged{}}
	for _, v := range q.trust.Versions()[1:] {
		in.Former = append(in.Former, v.Text())
	}
	for _, l := range q.ev.Receipts {
		in.Receipts = append(in.Receipts, loggedVector(l))
	}
	for _, l := range q.ev.Approvals {
		in.Approvals = append(in.Approvals, loggedVector(l))
	}
	if q.ev.Checkpoint != nil {
		in.Checkpoint = q.ev.Checkpoint.Raw
	}
	return in
}

func loggedVector(l receipt.LoggedEnvelope) vectorLogged {
	out := vectorLogged{Envelope: l.Envelope}
	if l.Proof != nil {
		out.Proof = &vectorProof{l.Proof.Index, append([]log.Hash{}, l.Proof.Hashes...)}
	}
	return out
}

func spki(ns ...byte) (out [][]byte) {
	for _, n := range ns {
		out = append(out, logtest.Key(n).Public().SPKI())
	}
	return out
}

// addOrder returns sig with L added to S, which a verifier that reduces S would take.
func addOrder(sig []byte) []byte {
	l, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(sig[32:])
	slices.Reverse(s)
	b := new(big.Int).Add(new(big.Int).SetBytes(s), l).FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return slices.Concat(sig[:32], b)
}

func (m maker) envelopes() {
	const typ = "text/plain"
	payload := []byte("payload, long enough???>>>") // its base64 differs between the alphabets
	env := sample.Sign(typ, payload, sample.KeyAlice)
	digest := crypto.PAEDigest(typ, payload).String()
	std, url := base64.StdEncoding.EncodeToString(payload), base64.URLEncoding.EncodeToString(payload)
	var parts struct{ Signatures []struct{ Sig []byte } }
	if err := json.Unmarshal(env, &parts); err != nil {
		m.t.Fatal(err)
	}
	sig := parts.Signatures[0].Sig
	withSig := func(b []byte) []byte {
		return sample.Swap(base64.StdEncoding.EncodeToString(sig), base64.StdEncoding.EncodeToString(b))(env)
	}
	in := func(b []byte, keys ...byte) openInput {
		return openInput{b, typ, spki(append(keys, sample.KeyAlice)...)}
	}

	m.accept("open-canonical", "as this project writes it", "open", in(env), digest)
	m.accept("open-url-safe", "url-safe base64 is the same record", "open", in(sample.Swap(std, url)(env)), digest)
	m.accept("open-spaced", "white space between members", "open", in(sample.Swap(`","payloadType"`, "\",\n\t\"payloadType\"")(env)), digest)
	m.accept("open-no-keyid", "DSSE makes keyid optional", "open", in(sample.Swap(`"keyid":"`+string(sample.ID(sample.KeyAlice))+`",`, "")(env)), digest)
	m.accept("open-keyid-lies", "keyid names another trusted key: the key that verifies counts", "open", in(sample.Swap(string(sample.ID(sample.KeyAlice)), string(sample.ID(sample.KeyBob)))(env), sample.KeyBob), digest)

	sigs := string(env[bytes.Index(env, []byte(`[{`))+1 : len(env)-2])
	for name, b := range map[string][]byte{
		"zero-signatures":      sample.Swap(sigs, "")(env),
		"two-signatures":       sample.Swap(sigs, sigs+","+sigs)(env),
		"one-valid-one-junk":   sample.Swap(sigs, sigs+`,{"keyid":"","sig":"AAAA"}`)(env),
		"signatures-null":      sample.Swap("["+sigs+"]", "null")(env),
		"payload-null":         sample.Swap(`"`+std+`"`, "null")(env),
		"payload-empty":        sample.Swap(std, "")(env),
		"payload-absent":       sample.Swap(`"payload":"`+std+`",`, "")(env),
		"duplicate-payload":    sample.Swap(`{"payload"`, `{"payload":"","payload"`)(env),
		"wrong-case":           sample.Swap(`"payload"`, `"Payload"`)(env),
		"unknown-member":       sample.Swap(`{"payload"`, `{"extra":1,"payload"`)(env),
		"unknown-in-signature": sample.Swap(`{"keyid"`, `{"cert":"","keyid"`)(env),
		"trailing-data":        append(slices.Clone(env), "{}"...),
		"byte-order-mark":      append([]byte("\ufeff"), env...),
		"invalid-utf-8":        sample.Swap(`"keyid":"`, "\"keyid\":\"\xff")(env),
		"lone-surrogate":       sample.Swap(`"keyid":"`, `"keyid":"\ud800`)(env),
		"deep-nesting":         []byte(strings.Repeat("[", 4000) + strings.Repeat("]", 4000)),
		"long-number":          []byte(`{"payload":` + strings.Repeat("1", 4000) + `}`),
		"number-1e400":         sample.Swap(`"`+std+`"`, "1e400")(env),
		"base64-newline":       sample.Swap(std, std[:4]+`\n`+std[4:])(env),
		"base64-space":         sample.Swap(std, std[:4]+" "+std[4:])(env),
		"base64-no-padding":    sample.Swap(std, strings.TrimRight(std, "="))(env),
		"base64-trailing-bits": sample.Swap(std, std[:len(std)-2]+string(std[len(std)-2]+1)+"=")(env),
		"base64-two-alphabets": sample.Swap(std, strings.Replace(std, "/", "_", 1))(env),
		"keyid-hex":            sample.Swap(string(sample.ID(sample.KeyAlice)), strings.Repeat("ab", 32))(env),
		"signature-63-bytes":   withSig(sig[:63]),
		"signature-65-bytes":   withSig(append(slices.Clone(sig), 0)),
		"bundle":               []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","messageSignature":{"signature":"AAAA"}}`),
		"empty":                {},
		"null":                 []byte("null"),
	} {
		m.refuse(marketops.ReceiptMalformed, "open-"+name, words(name), "open", in(b))
	}
	m.refuse(marketops.PayloadTypeWrong, "open-changed-after-signing", "the type is part of what is signed, and is looked at first", "open", in(sample.Swap(typ, "text/plaim")(env)))
	m.refuse(marketops.PayloadTypeWrong, "open-upper-case", "payload types are compared to the letter", "open", in(sample.Sign("TEXT/PLAIN", payload, sample.KeyAlice)))
	m.refuse(marketops.SignatureInvalid, "open-type-changed-to-the-asked", "the signature covers the payload type", "open", in(sample.Swap("application/json", typ)(sample.Sign("application/json", payload, sample.KeyAlice))))
	pae := crypto.PAE(typ, payload)
	ambiguous := sample.Sign("t", []byte(strings.TrimPrefix(string(pae), "DSSEv1 ")), sample.KeyAlice)
	m.refuse(marketops.SignatureInvalid, "open-length-ambiguity", "the lengths of PAE keep type and payload apart", "open", in(reenvelope(sample.Swap(`"payloadType":"t"`, `"payloadType":"`+typ+`"`)(ambiguous), payload)))
	for i, name := range map[int]string{0: "r-bit-flipped", 40: "s-bit-flipped"} {
		b := slices.Clone(sig)
		b[i] ^= 1
		m.refuse(marketops.SignatureInvalid, "open-"+name, words(name), "open", in(withSig(b)))
	}
	m.refuse(marketops.SignatureInvalid, "open-s-plus-order", "S + L verifies nowhere: a signature has one form", "open", in(withSig(addOrder(sig))))
	m.refuse(marketops.SignatureInvalid, "open-zero-signature", "all zero", "open", in(withSig(make([]byte, 64))))
	small := make([]byte, 64)
	small[0] = 1
	m.refuse(marketops.SignatureInvalid, "open-small-order-r", "R is the neutral element, S is zero", "open", in(withSig(small)))
	hash := sha512.Sum512(crypto.PAE(typ, payload))
	ph, err := ed25519.NewKeyFromSeed(logtest.Key(sample.KeyAlice).Seed()).Sign(nil, hash[:], &ed25519.Options{Hash: stdcrypto.SHA512})
	if err != nil {
		m.t.Fatal(err)
	}
	m.refuse(marketops.SignatureInvalid, "open-ed25519ph", "the right key signed the hash under Ed25519ph", "open", in(withSig(ph)))
	m.refuse(marketops.KeyUnknown, "open-stranger", "nobody of the ring signed, and keyid names nobody of the ring", "open", openInput{env, typ, spki(sample.KeyBob)})
	m.refuse(marketops.KeyUnknown, "open-no-keys", "an empty ring knows nobody", "open", openInput{env, typ, [][]byte{}})
}

func (m maker) records() {
	r := sample.Advisory()
	about := r.Body.(*receipt.Advisory).Operation
	keys := spki(sample.KeyAdvisory)
	m.accept("record-advisory", "an advisory", "record", recordInput{r.Envelope, keys}, r.Digest.String())
	for _, x := range []struct {
		code           marketops.Code
		name, old, new string
	}{
		{marketops.RecordUnknown, "newer-version", "advisory/v2", "advisory/v3"},
		{marketops.RecordUnknown, "unknown-name", "advisory/v2", "opinion/v2"},
		{marketops.RecordUnknown, "other-project", "github.com/omega/marketops", "github.com/omega/marketopz"},
		{marketops.RecordUnknown, "suffix-only", "https://github.com/omega/marketops/advisory/v2", "advisory/v2"},
		{marketops.ReceiptMalformed, "statement-type", "Statement/v1", "Statement/v0.1"},
		{marketops.ReceiptMalformed, "another-type-same-body", "advisory/v2", "claim/v2"},
		{marketops.ReceiptMalformed, "missing-member", `"decision":"blocked_by_mode",`, ""},
		{marketops.ReceiptMalformed, "null-member", `"decision":"blocked_by_mode"`, `"decision":null`},
		{marketops.ReceiptMalformed, "null-list", `["mode-not-prod"]`, "null"},
		{marketops.ReceiptMalformed, "unknown-member", `"decision":`, `"decided":true,"decision":`},
		{marketops.ReceiptMalformed, "duplicate-member", `"decision":"blocked_by_mode"`, `"decision":"blocked_by_mode","decision":"blocked_by_mode"`},
		{marketops.ReceiptMalformed, "space", `"decision":`, `"decision": `},
		{marketops.ReceiptMalformed, "escaped-character", `"blocked_by_mode"`, `"blocked\u005fby_mode"`},
		{marketops.RecordUnknown, "older-version", "advisory/v2", "advisory/v1"},
		{marketops.SignatureInvalid, "another-signer", `"signer":"` + string(sample.ID(sample.KeyAdvisory)), `"signer":"` + string(sample.ID(sample.KeyLedger))},
		{marketops.SignatureInvalid, "no-signer", `,"signer":"` + string(sample.ID(sample.KeyAdvisory)) + `"`, ``},
		{marketops.ReceiptMalformed, "another-subject", `"subject":[{"digest":{"sha256":"` + about.Hex(), `"subject":[{"digest":{"sha256":"` + sample.Digest("x").Hex()},
		{marketops.ReceiptMalformed, "subject-under-another-name", `"name":"operation.json"`, `"name":"operation"`},
		{marketops.ReceiptMalformed, "another-subject-beside", `"name":"operation.json"}`, `"name":"operation.json"},{"digest":{"sha256":"` + about.Hex() + `"},"name":"z"}`},
		{marketops.ReceiptMalformed, "host-in-upper-case", `"host":"github.com"`, `"host":"GitHub.com"`},
		{marketops.ReceiptMalformed, "host-with-a-dot-at-its-end", `"host":"github.com"`, `"host":"github.com."`},
		{marketops.ReceiptMalformed, "host-with-the-usual-port", `"host":"github.com"`, `"host":"github.com:443"`},
		{marketops.ReceiptMalformed, "no-subject", `"subject":[{`, `"subject":[],"_":[{`},
		{marketops.ReceiptMalformed, "weaker-digest-beside", `{"sha256":"`, `{"sha1":"da39a3ee5e6b4b0d3255bfef95601890afd80709","sha256":"`},
		{marketops.ReceiptMalformed, "upper-case-nonce", `"nonce":"000000000000000000000000000000c8"`, `"nonce":"000000000000000000000000000000C8"`},
		{marketops.ReceiptMalformed, "enforceable-advisory", `"enforceable":false`, `"enforceable":true`},
		{marketops.ReceiptMalformed, "time-with-offset", `"issued_at":"2026-09-21T14:13:20Z"`, `"issued_at":"2026-09-21T14:13:20+00:00"`},
	} {
		m.refuse(x.code, "record-"+x.name, words(x.name), "record", recordInput{sample.Replace(r.Envelope, sample.KeyAdvisory, x.old, x.new), keys})
	}
	m.mixedOrder(r)
	for _, name := range []string{"shard-sealed", "shard-genesis"} {
		r, keys := sample.Seal(m.t, sample.Bodies()[receipt.Kind(name)], sample.KeyLedger), spki(sample.KeyLedger)
		m.accept("record-"+name, words(name), "record", recordInput{r.Envelope, keys}, r.Digest.String())
		m.refuse(marketops.ReceiptMalformed, "record-"+name+"-of-itself", "the two logs have one origin", "record",
			recordInput{sample.Replace(r.Envelope, sample.KeyLedger, `"log2.example"`, `"log.example"`), keys})
		m.refuse(marketops.RecordUnknown, "record-"+name+"-newer", "another version", "record",
			recordInput{sample.Replace(r.Envelope, sample.KeyLedger, name+"/v2", name+"/v1"), keys})
	}
	m.refuse(marketops.ReceiptMalformed, "record-not-json", "a checkpoint signed as a statement", "record",
		recordInput{sample.Sign(receipt.PayloadType, sample.NewLog().Checkpoint(), sample.KeyAdvisory), keys})
}

// mixedOrder makes signatures under a key that is a point of the large subgroup plus one of order eight.
// Such a key is taken; a signature that holds only once both sides are multiplied by eight must hold for
// no verifier, or one auditor would see what another does not.
func (m maker) mixedOrder(r *receipt.Record) {
	secret := scalar("mixed")
	point, err := new(edwards25519.Point).SetBytes(must(hex.DecodeString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")))
	if err != nil {
		m.t.Fatal(err)
	}
	point.Add(point, new(edwards25519.Point).ScalarBaseMult(secret))
	key := must(crypto.NewPublicKey(point.Bytes()))
	payload := bytes.Replace(r.Opened.Payload, []byte(r.By), []byte(key.ID()), 1)
	message := crypto.PAE(receipt.PayloadType, payload)
	in := func(holds bool) recordInput {
		env := fmt.Sprintf(`{"payload":"%s","payloadType":"%s","signatures":[{"keyid":"","sig":"%s"}]}`, base64.StdEncoding.EncodeToString(payload),
			receipt.PayloadType, base64.StdEncoding.EncodeToString(mixedSign(secret, key, message, holds)))
		return recordInput{raw(env), [][]byte{key.SPKI()}}
	}
	m.accept("record-mixed-order-key", "a key with a component of order eight, and a signature that holds without the cofactor", "record", in(true), crypto.PAEDigest(receipt.PayloadType, payload).String())
	m.refuse(marketops.SignatureInvalid, "record-cofactor-only", "holds only where both sides are multiplied by the cofactor", "record", in(false))
}

// mixedSign signs like RFC 8032. Its signature holds if the challenge is a multiple of eight, which it
// tries nonces for, and else only with the cofactor.
func mixedSign(secret *edwards25519.Scalar, key crypto.PublicKey, message []byte, holds bool) []byte {
	for n := 0; ; n++ {
		nonce := scalar(fmt.Sprint("nonce", n))
		point := new(edwards25519.Point).ScalarBaseMult(nonce).Bytes()
		sum := sha512.Sum512(slices.Concat(point, key.Raw(), message))
		k := must(new(edwards25519.Scalar).SetUniformBytes(sum[:]))
		if (k.Bytes()[0]%8 == 0) == holds {
			return append(point, new(edwards25519.Scalar).MultiplyAdd(k, secret, nonce).Bytes()...)
		}
	}
}

func scalar(name string) *edwards25519.Scalar {
	sum := sha512.Sum512([]byte(name))
	return must(new(edwards25519.Scalar).SetUniformBytes(sum[:]))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (m maker) operations() {
	op := sample.ReleaseOp()
	doc, err := op.Document()
	if err != nil {
		m.t.Fatal(err)
	}
	m.accept("operation-release", "a release with two assets", "operation", documentInput{doc}, marketops.DigestOf(doc).String())
	for _, x := range []struct {
		code           marketops.Code
		name, old, new string
	}{
		{marketops.NameUnsafe, "bidi-in-title", `"Widgets 1.4.0"`, "\"Widgets \u202e1.4.0\""},
		{marketops.NameUnsafe, "escape-in-title", `"Widgets 1.4.0"`, `"Widgets\u001b[31m"`},
		{marketops.NameUnsafe, "cr-in-body", `"What is new"`, `"What\r\nis new"`},
		{marketops.NameUnsafe, "trailing-space", `"What is new"`, `"What is new "`},
		{marketops.NameUnsafe, "marker-in-body", `"What is new"`, `"<!-- marketops op=sha256:00 -->"`},
		{marketops.NameUnsafe, "marker-in-tag", `"widgets 1.4.0"`, `"marketops-operation: x"`},
		{marketops.NameUnsafe, "homoglyph-owner", "octo-org/widgets", "оcto-org/widgets"},
		{marketops.NameUnsafe, "dot-dot-repository", "octo-org/widgets", "octo-org/.."},
		{marketops.NameUnsafe, "tag-like-a-commit", `"v1.4.0"`, `"` + strings.Repeat("ab", 20) + `"`},
		{marketops.NameUnsafe, "tag-option", `"v1.4.0"`, `"-v1"`},
		{marketops.NameUnsafe, "tag-lock", `"v1.4.0"`, `"v1.lock"`},
		{marketops.NameUnsafe, "tagger-newline", `"Release Bot"`, `"Release\nBot"`},
		{marketops.AssetUnsafe, "slash", `"a.tar.gz"`, `"a/b"`},
		{marketops.AssetUnsafe, "dot-dot", `"a.tar.gz"`, `".."`},
		{marketops.AssetUnsafe, "hidden", `"a.tar.gz"`, `".a"`},
		{marketops.AssetUnsafe, "not-ascii", `"a.tar.gz"`, `"ä.tar.gz"`},
		{marketops.AssetUnsafe, "twice", `"b.txt"`, `"a.tar.gz"`},
		{marketops.AssetUnsafe, "out-of-order", `"a.tar.gz"`, `"c.tar.gz"`},
		{marketops.AssetUnsafe, "empty", `"size":3`, `"size":0`},
		{marketops.AssetUnsafe, "too-large", `"size":3`, `"size":2147483648`},
		{marketops.KindMismatch, "unknown-kind", `"publish_release"`, `"delete_release"`},
		{marketops.RepositoryMismatch, "no-id", `"repository_id":1296269`, `"repository_id":0`},
		{marketops.RepositoryMismatch, "other-forge", `"type":"github"`, `"type":"gitlab"`},
		{marketops.OperationMismatch, "short-commit", strings.Repeat("3b1f9c2a", 5), "3b1f9c2"},
		{marketops.OperationMismatch, "upper-case-commit", strings.Repeat("3b1f9c2a", 5), strings.Repeat("3B1F9C2A", 5)},
		{marketops.OperationMismatch, "tag-with-release", `"publish_release"`, `"tag_repo"`},
		{marketops.OperationMismatch, "prerelease-as-latest", `"prerelease":false`, `"prerelease":true`},
		{marketops.OperationMismatch, "other-schema", "operation/v2", "operation/v1"},
		{marketops.RepositoryMismatch, "host-in-upper-case", `"host":"github.com"`, `"host":"GitHub.com"`},
		{marketops.RepositoryMismatch, "host-with-a-dot-at-its-end", `"host":"github.com"`, `"host":"github.com."`},
		{marketops.RepositoryMismatch, "host-with-the-usual-port", `"host":"github.com"`, `"host":"github.com:443"`},
		{marketops.RepositoryMismatch, "host-of-the-api", `"host":"github.com"`, `"host":"api.github.com"`},
		{marketops.OperationMismatch, "existing-tag-reserved", `"tag":{`, `"tag":{"existing":{"object":"` + strings.Repeat("3b1f9c2a", 5) + `","type":"commit"},`},
		{marketops.OperationMismatch, "space", `"marker":1`, `"marker": 1`},
		{marketops.OperationMismatch, "unknown-member", `"marker":1`, `"marker":1,"draft":true`},
		{marketops.OperationMismatch, "duplicate-member", `"marker":1`, `"marker":1,"marker":1`},
		{marketops.OperationMismatch, "absent-member", `"marker":1,`, ""},
	} {
		m.refuse(x.code, "operation-"+x.name, words(x.name), "operation", documentInput{sample.Swap(x.old, x.new)(doc)})
	}
}

func (m maker) trustFiles() {
	f := sample.NewTrust(sample.NewLog())
	text := sample.TrustText(m.t, f)
	m.accept("trust", "a trust file", "trust", documentInput{text}, marketops.DigestOf(text).String())
	f.Readers = []trust.Reader{{Key: sample.TrustKey(77, "auditor")}, {Key: sample.TrustKey(78, "monitor"), Targets: []string{"github.com#7"}}}
	read := sample.TrustText(m.t, f)
	m.accept("trust-readers", "a trust file with a reader of everything and one of a repository", "trust", documentInput{read}, marketops.DigestOf(read).String())
	for _, x := range sample.BadTrust {
		f := sample.NewTrust(sample.NewLog())
		x.Edit(&f)
		m.refuse(marketops.TrustMissing, "trust-"+x.Name, words(x.Name), "trust", documentInput{sample.TrustText(m.t, f)})
	}
	for _, x := range sample.BadTrustText {
		m.refuse(marketops.TrustMissing, "trust-"+x.Name, words(x.Name), "trust", documentInput{x.Edit(text)})
	}
}

func (m maker) policies() {
	l := sample.NewLog()
	good := l.PolicyText()
	m.accept("policy", "one log, two witnesses, both wanted", "policy", policyInput{raw(good)}, "")
	for name, text := range badPolicies(l) {
		m.refuse(marketops.ConfigInvalid, "policy-"+name, words(name), "policy", policyInput{raw(text)})
	}
}

func badPolicies(l *logtest.Log) map[string]string {
	good := l.PolicyText()
	alone := logtest.New(l.Origin, l.Key)
	return map[string]string{
		"empty": "", "no-quorum": strings.Split(good, "group")[0], "no-log": "quorum none\n",
		"two-quorums": good + "quorum none\n", "unknown-word": good + "mirror x\n",
		"undefined-quorum":  alone.PolicyText()[:strings.Index(alone.PolicyText(), "quorum")] + "quorum w1\n",
		"log-twice":         "log " + l.Vkey() + "\n" + good,
		"witness-is-log":    strings.Replace(good, l.Witnesses[0].Vkey(), log.WitnessVkey("w1.example", l.Key.Public()), 1),
		"witness-twice":     strings.Replace(good, l.Witnesses[1].Vkey(), l.Witnesses[0].Vkey(), 1),
		"key-id-lies":       strings.Replace(good, "+", "+00000000+", 1),
		"threshold-too-big": strings.Replace(good, "every all", "every 3", 1),
		"threshold-zero":    strings.Replace(good, "every all", "every 0", 1),
		"origin-with-path":  strings.Replace(good, l.Vkey(), log.Vkey("log.example/a", l.Key.Public()), 1),
		"log-key-as-type-4": strings.Replace(good, l.Vkey(), log.WitnessVkey(l.Origin, l.Key.Public()), 1),
	}
}

func filled(t testing.TB) *logtest.Log {
	l := sample.NewLog()
	for i := range 5 {
		r := sample.Seal(t, &receipt.Intent{Header: sample.Header(300+i, sample.Noon), RunID: marketops.NewRunID([16]byte{15: 7}), ReceiptID: marketops.NewReceiptID([16]byte{15: 9}),
			Claim: marketops.DigestOf([]byte("c")), Receipt: marketops.DigestOf([]byte("r")), Operation: marketops.DigestOf([]byte("o")), Epoch: int64(i + 1)},
			sample.KeyPublisher)
		l.Append(r.Leaf())
	}
	return l
}

func (m maker) checkpoints() {
	l := filled(m.t)
	policy := raw(l.PolicyText())
	m.accept("checkpoint", "signed by the log, cosigned by both witnesses", "checkpoint", checkpointInput{policy, l.Checkpoint()}, "")
	alone, stranger, renamed := filled(m.t), filled(m.t), filled(m.t)
	alone.Witnesses = nil
	stranger.Key = logtest.Key(sample.KeyStranger)
	renamed.Origin = "other.example"
	cp := string(l.Checkpoint())
	lines := strings.SplitAfter(cp, "\n")
	for name, b := range map[string]string{
		"another-key": string(stranger.Checkpoint()), "another-log": string(renamed.Checkpoint()),
		"size-edited": strings.Replace(cp, "\n5\n", "\n6\n", 1), "root-edited": strings.Replace(cp, lines[2], lines[2][:4]+"AAAA"+lines[2][8:], 1),
		"only-witnesses": strings.Join(slices.Delete(slices.Clone(lines), 4, 5), ""), "unsigned": strings.Join(lines[:4], ""),
		"empty": "", "log-signed-twice": cp + lines[4], "leading-zero": string(l.SignText("log.example\n05\n" + lines[2])),
		"empty-log-with-a-root": string(l.SignRoot(0, l.Root(5))), "beyond-the-limit": string(l.SignRoot(1<<40+1, l.Root(5))),
		"size-2-to-the-63": string(l.SignRoot(1<<63, l.Root(5))), "witness-signed-twice": cp + lines[5],
	} {
		m.refuse(marketops.CheckpointUnsigned, "checkpoint-"+name, words(name), "checkpoint", checkpointInput{policy, raw(b)})
	}
	one, other := filled(m.t), filled(m.t)
	one.Witnesses = one.Witnesses[:1]
	other.Append([]byte("more"))
	foreign := logtest.Witness{Name: "w2.example", Key: logtest.Key(sample.KeyStranger), At: sample.Noon}
	overOther := string(one.Checkpoint()) + strings.SplitAfter(string(other.Checkpoint()), "\n")[6]
	m.refuse(marketops.QuorumUnmet, "checkpoint-no-cosignature", "signed by the log alone", "checkpoint", checkpointInput{policy, alone.Checkpoint()})
	m.refuse(marketops.QuorumUnmet, "checkpoint-one-of-two", "one witness too few", "checkpoint", checkpointInput{policy, one.Checkpoint()})
	m.refuse(marketops.QuorumUnmet, "checkpoint-foreign-witness", "the second witness has the right name and another key", "checkpoint",
		checkpointInput{policy, raw(string(one.Checkpoint()) + foreign.Line(strings.Join(lines[:3], "")))})
	m.refuse(marketops.CheckpointUnsigned, "checkpoint-cosignature-of-another", "a known witness's cosignature of another checkpoint does not verify, which no honest note has", "checkpoint", checkpointInput{policy, raw(overOther)})

	m.cosignatures(l, policy)

	cons := func(before, after []byte, hashes []log.Hash) consistencyInput {
		return consistencyInput{policy, before, after, hashes}
	}
	old, err := l.Policy().Open(l.CheckpointAt(3))
	if err != nil {
		m.t.Fatal(err)
	}
	hashes, err := l.Tree().Consistency(old)
	if err != nil {
		m.t.Fatal(err)
	}
	m.accept("consistency", "from 3 to 5 entries", "consistency", cons(l.CheckpointAt(3), l.Checkpoint(), hashes), "")
	m.accept("consistency-same", "the same checkpoint needs no hashes", "consistency", cons(l.Checkpoint(), l.Checkpoint(), []log.Hash{}), "")
	flipped := slices.Clone(hashes)
	flipped[0][0] ^= 1
	m.refuse(marketops.ConsistencyInvalid, "consistency-hash-flipped", "one bit of one hash", "consistency", cons(l.CheckpointAt(3), l.Checkpoint(), flipped))
	m.refuse(marketops.ConsistencyInvalid, "consistency-no-hashes", "nothing is proved by nothing", "consistency", cons(l.CheckpointAt(3), l.Checkpoint(), []log.Hash{}))
	m.refuse(marketops.ConsistencyInvalid, "consistency-too-many", "one hash too many", "consistency", cons(l.CheckpointAt(3), l.Checkpoint(), append(slices.Clone(hashes), hashes[0])))
	m.refuse(marketops.ConsistencyInvalid, "consistency-forked", "the old root is of another history", "consistency", cons(l.SignRoot(3, l.Root(2)), l.Checkpoint(), hashes))
	m.refuse(marketops.LogRolledBack, "consistency-smaller", "the log shrank from 5 to 3", "consistency", cons(l.Checkpoint(), l.CheckpointAt(3), hashes))
	m.refuse(marketops.LogRolledBack, "consistency-emptied", "the log was begun anew", "consistency", cons(l.Checkpoint(), sample.NewLog().Checkpoint(), []log.Hash{}))
	m.refuse(marketops.SplitView, "consistency-two-roots", "two roots at size 5, both signed and cosigned", "consistency", cons(l.Checkpoint(), l.SignRoot(5, l.Root(4)), []log.Hash{}))
}

// cosignatures are those that a checkpoint which wants both witnesses carries in place of the second.
func (m maker) cosignatures(l *logtest.Log, policy raw) {
	one := *l
	one.Witnesses = l.Witnesses[:1]
	first, second := l.Witnesses[0], l.Witnesses[1]
	text := strings.Join(strings.SplitAfter(string(l.Checkpoint()), "\n")[:3], "")
	with := func(line string) checkpointInput {
		return checkpointInput{policy, raw(string(one.Checkpoint()) + line)}
	}
	at := func(w logtest.Witness, t marketops.Time) logtest.Witness { w.At = t; return w }
	for name, line := range map[string]string{
		"witness-twice": first.Line(text), "witness-at-two-times": at(first, sample.Noon+60).Line(text),
		"cosignature-of-another-log":  second.Line(strings.Replace(text, l.Origin, "other.example", 1)),
		"cosignature-of-another-size": second.Line(strings.Replace(text, "\n5\n", "\n4\n", 1)),
		"cosignature-at-zero":         at(second, 0).Line(text), "cosignature-after-9999": at(second, 253402300800).Line(text),
		"cosignature-before-1970": at(second, -1).Line(text),
	} {
		m.refuse(marketops.CheckpointUnsigned, "checkpoint-"+name, words(name), "checkpoint", with(line))
	}
	m.refuse(marketops.QuorumUnmet, "checkpoint-wrong-key-id", "a good cosignature under another key id is of an unknown key", "checkpoint", with(rekeyed(m.t, second.Line(text), 0)))
	post := rekeyed(m.t, second.Line(text), 2420-64) // as long as ML-DSA-44 makes it
	m.refuse(marketops.QuorumUnmet, "checkpoint-unknown-type-alone", "a signature of a type that is not understood does not count", "checkpoint", with(post))
	m.accept("checkpoint-unknown-type", "a signature of a type that is not understood does no harm", "checkpoint", with(second.Line(text)+post), "")
}

// rekeyed changes the key id of a signature line and makes the signature so many bytes longer.
func rekeyed(t *testing.T, line string, more int) string {
	i := strings.LastIndex(line, " ") + 1
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line[i:]))
	if err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	return line[:i] + base64.StdEncoding.EncodeToString(append(b, make([]byte, more)...)) + "\n"
}

func (m maker) proofs() {
	l := filled(m.t)
	policy := raw(l.PolicyText())
	leaves, p := leavesIn(l), l.Prove(2)
	m.accept("proof", "entry 2 of 5", "proof", proofInput{policy, leaves[2], p.Format()}, "")
	edit := func(f func(*log.Proof)) raw {
		q := &log.Proof{Index: p.Index, Hashes: slices.Clone(p.Hashes), Checkpoint: p.Checkpoint}
		f(q)
		return q.Format()
	}
	for name, b := range map[string]raw{
		"hash-flipped": edit(func(q *log.Proof) { q.Hashes[1][31] ^= 0x80 }), "index-below": edit(func(q *log.Proof) { q.Index-- }),
		"index-above": edit(func(q *log.Proof) { q.Index++ }), "index-is-the-size": edit(func(q *log.Proof) { q.Index = 5 }),
		"too-short": edit(func(q *log.Proof) { q.Hashes = q.Hashes[:1] }), "too-long": edit(func(q *log.Proof) { q.Hashes = append(q.Hashes, log.Hash{}) }),
		"no-hashes": edit(func(q *log.Proof) { q.Hashes = nil }), "older-checkpoint": edit(func(q *log.Proof) { q.Checkpoint = l.CheckpointAt(3) }),
		"other-format": raw(strings.Replace(string(p.Format()), "@v1", "@v2", 1)), "index-with-zero": raw(strings.Replace(string(p.Format()), "index 2", "index 02", 1)),
		"extra-line": raw(strings.Replace(string(p.Format()), "index 2\n", "extra AAAA\nindex 2\n", 1)), "empty": {},
		"huge-index": raw(strings.Replace(string(p.Format()), "index 2", "index 9223372036854775808", 1)),
	} {
		m.refuse(marketops.InclusionInvalid, "proof-"+name, words(name), "proof", proofInput{policy, leaves[2], b})
	}
	m.refuse(marketops.InclusionInvalid, "proof-of-another-leaf", "a valid proof that belongs to entry 3", "proof", proofInput{policy, leaves[2], l.Prove(3).Format()})
	left, right := log.LeafHash(leaves[0]), log.LeafHash(leaves[1])
	node := append(append([]byte{1}, left[:]...), right[:]...)
	m.refuse(marketops.InclusionInvalid, "proof-node-as-leaf", "an inner node offered as a leaf", "proof", proofInput{policy, node, edit(func(q *log.Proof) { q.Index = 0; q.Hashes = q.Hashes[1:] })})
	stranger := filled(m.t)
	stranger.Key = logtest.Key(sample.KeyStranger)
	m.refuse(marketops.CheckpointUnsigned, "proof-of-another-log", "the attacker's own log proves anything", "proof", proofInput{policy, leaves[2], stranger.Prove(2).Format()})
}

func (m maker) leaves() {
	l := filled(m.t)
	leaves := leavesIn(l)
	good := leaves[0]
	m.accept("leaf", "the one spelling of a leaf", "leaf", leafInput{good}, "")
	weak := base64.StdEncoding.EncodeToString(append(slices.Clone(logtest.Key(1).Public().SPKI()[:12]), append([]byte{1}, make([]byte, 31)...)...))
	key := base64.StdEncoding.EncodeToString(logtest.Key(sample.KeyPublisher).Public().SPKI())
	for name, b := range map[string]raw{
		"newer-version": sample.Swap(`"0.0.2"`, `"0.0.3"`)(good), "other-kind": sample.Swap(`"hashedrekord"`, `"dsse"`)(good), "space": sample.Swap(`{"apiVersion":`, `{"apiVersion": `)(good),
		"trailing-data": append(slices.Clone(good), '\n'), "truncated": good[:len(good)-1], "empty": {}, "other-algorithm": sample.Swap("SHA2_512", "SHA2_256")(good),
		"other-key-details": sample.Swap("PKIX_ED25519_PH", "PKIX_ED25519")(good), "small-order-key": sample.Swap(key, weak)(good),
	} {
		m.refuse(marketops.RecordUnknown, "leaf-"+name, words(name), "leaf", leafInput{b})
	}

	tree := files{}
	for _, name := range []string{log.TilePath(0, 0, 5), log.EntriesPath(0, 5)} {
		b, err := l.ReadFile(name)
		if err != nil {
			m.t.Fatal(err)
		}
		tree[name] = b
	}
	in := func(index uint64, f files) entryInput {
		return entryInput{raw(l.PolicyText()), l.Checkpoint(), index, f}
	}
	change := func(name string, f func([]byte) []byte) files {
		out := files{}
		for n, b := range tree {
			out[n] = b
		}
		if f == nil {
			delete(out, name)
			return out
		}
		out[name] = f(slices.Clone(out[name]))
		return out
	}
	bundle, tile := log.EntriesPath(0, 5), log.TilePath(0, 0, 5)
	m.accept("entry", "entry 1 out of tile and bundle", "entry", in(1, tree), "")
	m.refuse(marketops.LeafMismatch, "entry-bit-flipped", "one bit of the leaf in the bundle", "entry", in(0, change(bundle, func(b []byte) []byte { b[150] ^= 1; return b })))
	m.refuse(marketops.LeafMismatch, "entry-exchanged", "two leaves changed places in the bundle", "entry", in(1, change(bundle, func(b []byte) []byte {
		n := 2 + len(leaves[0])
		return slices.Concat(b[n:2*n], b[:n], b[2*n:])
	})))
	m.refuse(marketops.LeafMismatch, "entry-bundle-truncated", "the bundle ends early", "entry", in(1, change(bundle, func(b []byte) []byte { return b[:len(b)-1] })))
	m.refuse(marketops.LeafMismatch, "entry-bundle-trailing", "the bundle has a byte too many", "entry", in(1, change(bundle, func(b []byte) []byte { return append(b, 0) })))
	m.refuse(marketops.InclusionInvalid, "entry-tile-flipped", "a hash of the tile is not the one below the root", "entry", in(1, change(tile, func(b []byte) []byte { b[0] ^= 1; return b })))
	m.refuse(marketops.InclusionInvalid, "entry-outside", "an index that the tree does not have", "entry", in(5, tree))
	m.refuse(marketops.LogUnavailable, "entry-no-tile", "the tile is missing", "entry", in(1, change(tile, nil)))
	m.refuse(marketops.LogUnavailable, "entry-no-bundle", "the bundle is missing", "entry", in(1, change(bundle, nil)))

	r := sample.Advisory()
	m.accept("store", "the envelope lies under its leaf hash", "store", storeInput{r.LeafHash(), files{log.RecordPath(r.LeafHash()): r.Envelope}}, "")
	m.refuse(marketops.RecordWithheld, "store-missing", "nothing lies under the leaf hash", "store", storeInput{r.LeafHash(), files{}})
}

// bundles lie inside an exported bundle, where stock verifiers do not look.
func (m maker) bundles() {
	w := logworld.New()
	l := w.Live()
	set, err := sigstore.New(w.Pack(), w.Trust(), w.Now, w.Digest(0), sigstore.Receipt)
	if err != nil {
		m.t.Fatal(err)
	}
	good := set.Signed[0].Bundle
	in := func(b []byte) bundleInput { return bundleInput{raw(w.TrustBytes()), b, w.Now} }
	m.accept("bundle-receipt", "a receipt as marketops export writes it", "bundle", in(good), l.Receipt.Record.Digest.String())
	body, other := base64.StdEncoding.EncodeToString(l.Receipt.Record.Leaf()), base64.StdEncoding.EncodeToString(l.Claim.Record.Leaf())
	root, empty := base64.StdEncoding.EncodeToString(set.Report.Checkpoint.Root[:]), log.EmptyRoot()
	for _, x := range []struct {
		code                    marketops.Code
		name, comment, old, new string
	}{
		{marketops.InclusionInvalid, "inner-log-index", "the proof speaks of another entry than the bundle", "\"inclusionProof\": {\n          \"logIndex\": \"3\"", "\"inclusionProof\": {\n          \"logIndex\": \"2\""},
		{marketops.InclusionInvalid, "both-log-indexes", "another entry than the one that is proved", "\"logIndex\": \"3\"", "\"logIndex\": \"2\""},
		{marketops.InclusionInvalid, "tree-size", "another size than the checkpoint's", `"treeSize": "8"`, `"treeSize": "9"`},
		{marketops.InclusionInvalid, "root-hash", "another root than the checkpoint's", `"rootHash": "` + root, `"rootHash": "` + base64.StdEncoding.EncodeToString(empty[:])},
		{marketops.LeafMismatch, "canonicalized-body", "the leaf of another record, which stands in the log too", body, other},
		{marketops.CheckpointUnsigned, "log-id", "the id of a log that nobody trusts", `"keyId": "`, `"keyId": "AAAA`},
		{marketops.PackMalformed, "integrated-time", "a time that nobody signed", `"kindVersion"`, "\"integratedTime\": \"1\", \"kindVersion\""},
		{marketops.PackMalformed, "message-signature", "a signed file where a signed statement belongs", `"dsseEnvelope"`, `"messageSignature"`},
		{marketops.KeyUnknown, "hint", "names another key than the one that signed", `"hint": "SHA256:`, `"hint": "SHA256:x`},
	} {
		b := bytes.ReplaceAll(good, []byte(x.old), []byte(x.new))
		if bytes.Equal(b, good) {
			m.t.Fatalf("%s: nothing was changed", x.name)
		}
		m.refuse(x.code, "bundle-"+x.name, x.comment, "bundle", in(b))
	}
}
