package crypto

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/canon/onepass"
)

const textType = "text/plain"

// text has a base64 that differs between the two alphabets.
var text = []byte("payload, long enough???>>>")

func sealed(t testing.TB, payloadType string, payload []byte, by Signer) []byte {
	t.Helper()
	env, err := Sign(payloadType, payload, by)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func keyring(t testing.TB, ns ...byte) *Keyring {
	t.Helper()
	var keys []PublicKey
	for _, n := range ns {
		keys = append(keys, testKey(t, n).Public())
	}
	r, err := NewKeyring(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func edit(t testing.TB, env []byte, old, new string) []byte {
	t.Helper()
	if !bytes.Contains(env, []byte(old)) {
		t.Fatalf("%q is not in %s", old, env)
	}
	return bytes.Replace(env, []byte(old), []byte(new), 1)
}

// TestPAE is the vector of the DSSE v1 protocol page, and the cases where lengths must tell.
func TestPAE(t *testing.T) {
	for _, c := range []struct{ typ, payload, want string }{
		{"http://example.com/HelloWorld", "hello world", "DSSEv1 29 http://example.com/HelloWorld 11 hello world"},
		{"", "", "DSSEv1 0  0 "},
		{"a 1 b", "", "DSSEv1 5 a 1 b 0 "},
		{"a", "b 0 ", "DSSEv1 1 a 4 b 0 "},
		{"ü", "ü", "DSSEv1 2 ü 2 ü"},
	} {
		if got := string(PAE(c.typ, []byte(c.payload))); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if PAEDigest(c.typ, []byte(c.payload)) != marketops.DigestOf([]byte(c.want)) {
			t.Error("the digest is not that of the PAE")
		}
	}
}

func TestSignOpen(t *testing.T) {
	k := testKey(t, 1)
	env := sealed(t, textType, text, k)
	for name, ring := range map[string]*Keyring{"alone": keyring(t, 1), "among others": keyring(t, 2, 1, 3)} {
		o, err := Open(env, textType, ring)
		if err != nil || !bytes.Equal(o.Payload, text) || o.By != k.Public().ID() || o.Key != k.Public() || o.Digest() != PAEDigest(textType, text) ||
			!k.Public().Verify(o.PAE, o.Sig) {
			t.Errorf("%s: %+v %v", name, o, err)
		}
	}
	if NameUnverified(env, textType) != PAEDigest(textType, text) || !NameUnverified(env, "text/html").IsZero() || !NameUnverified(env[1:], textType).IsZero() {
		t.Error("an unverified name is not SHA-256(PAE)")
	}
}

// liar is a signer that does not sign.
type liar struct{ *PrivateKey }

func (l liar) Sign([]byte) ([]byte, error) { return make([]byte, 64), nil }

type broken struct{ *PrivateKey }

var errBroken = errors.New("no key agent")

func (broken) Sign([]byte) ([]byte, error) { return nil, errBroken }

func TestSignVerifiesTheSigner(t *testing.T) {
	if _, err := Sign(textType, text, liar{testKey(t, 1)}); err == nil {
		t.Error("a signature that does not verify was handed out")
	}
	if _, err := Sign(textType, text, broken{testKey(t, 1)}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

func TestKeyring(t *testing.T) {
	k := testKey(t, 1).Public()
	for name, keys := range map[string][]PublicKey{"zero key": {{}}, "twice": {k, k}, "too many": make([]PublicKey, MaxKeys+1)} {
		if _, err := NewKeyring(keys...); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	env := sealed(t, textType, text, testKey(t, 1))
	for name, r := range map[string]*Keyring{"nil": nil, "zero": {}, "empty": keyring(t)} {
		if _, ok := r.Key(k.ID()); ok {
			t.Errorf("the %s keyring knows a key", name)
		}
		if o, err := Open(env, textType, r); o != nil || !errors.Is(err, marketops.KeyUnknown) {
			t.Errorf("the %s keyring opened an envelope: %v", name, err)
		}
	}
	if got, ok := keyring(t, 2, 1).Key(k.ID()); !ok || got != k {
		t.Error("a key is not found by its id")
	}
}

// TestEnvelopeCases walks through malformed envelopes, type confusion and signature tricks.
func TestEnvelopeCases(t *testing.T) {
	k := testKey(t, 1)
	env := sealed(t, textType, text, k)
	std := base64.StdEncoding.EncodeToString(text)
	var parts envelope
	if err := json.Unmarshal(env, &parts); err != nil {
		t.Fatal(err)
	}
	sigText := parts.Signatures[0].Sig
	sig, err := base64.StdEncoding.DecodeString(sigText)
	if err != nil {
		t.Fatal(err)
	}
	one := fmt.Sprintf(`{"keyid":"%s","sig":"%s"}`, parts.Signatures[0].KeyID, sigText)
	with := func(b []byte) []byte { return edit(t, env, sigText, base64.StdEncoding.EncodeToString(b)) }
	flip := func(i int) []byte { b := slices.Clone(sig); b[i] ^= 1; return b }
	order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 31: 0x10}
	pae := strings.TrimPrefix(string(PAE(textType, text)), "DSSEv1 ")
	const bad, typ, unsigned = marketops.ReceiptMalformed, marketops.PayloadTypeWrong, marketops.SignatureInvalid
	for _, c := range []struct {
		name string
		env  []byte
		want marketops.Code
	}{
		{"zero signatures", edit(t, env, one, ""), bad},
		{"one signature twice", edit(t, env, one, one+","+one), bad},
		{"one valid, one junk", edit(t, env, one, one+`,{"keyid":"","sig":"AAAA"}`), bad},
		{"junk first", edit(t, env, one, `{"keyid":"","sig":"AAAA"},`+one), bad},
		{"signatures null", edit(t, env, "["+one+"]", "null"), bad},
		{"signature null", edit(t, env, one, "null"), bad},
		{"signatures an object", edit(t, env, "["+one+"]", one), bad},
		{"payload null", edit(t, env, `"`+std+`"`, "null"), bad},
		{"payload empty", edit(t, env, std, ""), bad},
		{"payload absent", edit(t, env, `"payload":"`+std+`",`, ""), bad},
		{"payload a list of numbers", edit(t, env, `"`+std+`"`, "[112,97]"), bad},
		{"payload twice", edit(t, env, `{"payload"`, `{"payload":"","payload"`), bad},
		{"payload twice, escaped", edit(t, env, `{"payload"`, `{"p\u0061yload":"","payload"`), bad},
		{"wrong case", edit(t, env, `"payload"`, `"Payload"`), bad},
		{"unknown member", edit(t, env, `{"payload"`, `{"x":1,"payload"`), bad},
		{"unknown member of the signature", edit(t, env, `{"keyid"`, `{"cert":"","keyid"`), bad},
		{"trailing object", append(slices.Clone(env), "{}"...), bad},
		{"trailing bracket", append(slices.Clone(env), '}'), bad},
		{"byte order mark", append([]byte("\ufeff"), env...), bad},
		{"invalid UTF-8", edit(t, env, `"keyid":"`, "\"keyid\":\"\xff"), bad},
		{"lone surrogate", edit(t, env, `"keyid":"`, `"keyid":"\ud800`), bad},
		{"deep nesting", []byte(strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)), bad},
		{"deep nesting inside", edit(t, env, one, strings.Repeat("[", 10_001)), bad},
		{"too long", append(slices.Clone(env), bytes.Repeat([]byte(" "), MaxEnvelope)...), bad},
		{"long number", []byte(`{"payload":` + strings.Repeat("9", 1_000_000) + `}`), bad},
		{"1e400", []byte(`{"payload":1e400}`), bad},
		{"base64 with newline", edit(t, env, std, std[:4]+`\n`+std[4:]), bad},
		{"base64 with carriage return", edit(t, env, std, std[:4]+`\r`+std[4:]), bad},
		{"base64 with space", edit(t, env, std, std[:4]+" "+std[4:]), bad},
		{"base64 with trailing bits", edit(t, env, std, std[:len(std)-2]+string(std[len(std)-2]+1)+"="), bad},
		{"base64 without padding", edit(t, env, std, strings.TrimRight(std, "=")), bad},
		{"base64 of two alphabets", edit(t, env, std, strings.Replace(std, "/", "_", 1)), bad},
		{"signature of 63 bytes", with(sig[:63]), bad},
		{"signature of 65 bytes", with(append(slices.Clone(sig), 0)), bad},
		{"signature empty", with(nil), bad},
		{"keyid in hex", edit(t, env, string(k.Public().ID()), strings.Repeat("0f", 32)), bad},
		{"bundle without envelope", []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","messageSignature":{}}`), bad},
		{"nothing", nil, bad},
		{"null", []byte("null"), bad},
		{"list", []byte("[]"), bad},

		{"another type", sealed(t, "application/json", text, k), typ},
		{"upper-case type", sealed(t, "TEXT/PLAIN", text, k), typ},
		{"type changed, signature kept", edit(t, env, textType, "text/html"), typ},
		{"no type", edit(t, env, `"payloadType":"text/plain",`, ""), typ},
		{"a checkpoint", sealed(t, "application/vnd.c2sp.checkpoint", []byte("log.example\n1\nAAA=\n"), k), typ},

		{"type changed to the one asked for", edit(t, sealed(t, "text/html", text, k), "text/html", textType), unsigned},
		{"payload exchanged", edit(t, env, std, base64.StdEncoding.EncodeToString([]byte("other"))), unsigned},
		{"lengths of PAE", edit(t, edit(t, sealed(t, "t", []byte(pae), k), `"t"`, `"`+textType+`"`), base64.StdEncoding.EncodeToString([]byte(pae)), std), unsigned},
		{"first byte of R", with(flip(0)), unsigned},
		{"last byte of R", with(flip(31)), unsigned},
		{"first byte of S", with(flip(32)), unsigned},
		{"last byte of S", with(flip(63)), unsigned},
		{"S plus L", with(slices.Concat(sig[:32], addLittle(sig[32:], order))), unsigned},
		{"all zero", with(make([]byte, 64)), unsigned},
		{"small R", with(append([]byte{1}, make([]byte, 63)...)), unsigned},
	} {
		if o, err := Open(c.env, textType, keyring(t, 1, 2)); o != nil || marketops.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestSpellings accepts what DSSE v1 demands of a verifier; the name of the record stays.
func TestSpellings(t *testing.T) {
	k := testKey(t, 1)
	env := sealed(t, textType, text, k)
	std, url := base64.StdEncoding.EncodeToString(text), base64.URLEncoding.EncodeToString(text)
	if std == url {
		t.Fatal("the payload does not tell the alphabets apart")
	}
	for name, b := range map[string][]byte{
		"canonical": env, "url-safe": edit(t, env, std, url), "spaced": append([]byte("\n\t "), env...),
		"no keyid":    edit(t, env, fmt.Sprintf(`"keyid":"%s",`, k.Public().ID()), ""),
		"empty keyid": edit(t, env, string(k.Public().ID()), ""),
		"escaped":     edit(t, env, "text/plain", `text\/plain`),
	} {
		o, err := Open(b, textType, keyring(t, 2, 1))
		if err != nil || o.Digest() != PAEDigest(textType, text) || o.By != k.Public().ID() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeyIDIsAHint: whoever verifies signed, whatever keyid says.
func TestKeyIDIsAHint(t *testing.T) {
	one, two, three := testKey(t, 1).Public().ID(), testKey(t, 2).Public().ID(), testKey(t, 3).Public().ID()
	env := sealed(t, textType, text, testKey(t, 1))
	for _, lie := range []KeyID{two, three, KeyID("SHA256:" + strings.Repeat("A", 43)), ""} {
		o, err := Open(edit(t, env, string(one), string(lie)), textType, keyring(t, 2, 1))
		if err != nil || o.By != one {
			t.Errorf("keyid %q: %v", lie, err)
		}
	}
	forged := edit(t, sealed(t, textType, text, testKey(t, 3)), string(three), string(one))
	if _, err := Open(forged, textType, keyring(t, 1, 2)); marketops.CodeOf(err) != marketops.SignatureInvalid {
		t.Error("a stranger's signature under a trusted keyid:", err)
	}
	if _, err := Open(sealed(t, textType, text, testKey(t, 3)), textType, keyring(t, 1, 2)); marketops.CodeOf(err) != marketops.KeyUnknown {
		t.Error("a stranger:", err)
	}
}

// TestBitFlips changes each bit of an envelope: it may be refused or be another spelling of the
// same record, and never another record.
func TestBitFlips(t *testing.T) {
	env, ring := sealed(t, textType, text, testKey(t, 1)), keyring(t, 1, 2)
	opened := 0
	for i := range env {
		for bit := range 8 {
			b := slices.Clone(env)
			b[i] ^= 1 << bit
			o, err := Open(b, textType, ring)
			if err != nil {
				if marketops.CodeOf(err) == "" {
					t.Errorf("byte %d bit %d: no code: %v", i, bit, err)
				}
				continue
			}
			opened++
			if !bytes.Equal(o.Payload, text) || o.Digest() != PAEDigest(textType, text) {
				t.Errorf("byte %d bit %d yields %q", i, bit, o.Payload)
			}
		}
	}
	if opened == 0 {
		t.Error("no flip was harmless, though keyid is only a hint: does anything open at all?")
	}
}

func TestEqualPayload(t *testing.T) {
	open := func(payload []byte, n byte) *Opened {
		o, err := Open(sealed(t, textType, payload, testKey(t, n)), textType, keyring(t, n))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	if !EqualPayload(open(text, 1), open(text, 2)) || EqualPayload(open(text, 1), open(text[1:], 1)) {
		t.Error("payloads are not compared by what is signed")
	}
}

// FuzzOpen: no input opens that the test key did not sign, and none makes a refusal without code.
func FuzzOpen(f *testing.F) {
	env := sealed(f, textType, text, testKey(f, 1))
	std, url := base64.StdEncoding.EncodeToString(text), base64.URLEncoding.EncodeToString(text)
	f.Add(env)
	f.Add(edit(f, env, std, url))
	f.Add([]byte(`{"payload":"","payloadType":"","signatures":[]}`))
	f.Add([]byte("{"))
	ring := keyring(f, 1, 2)
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := Open(b, textType, ring)
		if quick, quickErr := (Opener{Read: onepass.Read}).Open(b, textType, ring); !reflect.DeepEqual(quick, o) || fmt.Sprint(quickErr) != fmt.Sprint(err) {
			t.Fatalf("read in one pass: %+v %v, else %+v %v", quick, quickErr, o, err)
		}
		if err != nil {
			if o != nil || marketops.CodeOf(err) == "" {
				t.Fatalf("%v, %v", o, err)
			}
			return
		}
		if !bytes.Equal(o.Payload, text) {
			t.Fatalf("forged: %q", o.Payload)
		}
	})
}

// FuzzDecode: what is read in one pass is what package canon writes, and the same is read without it.
func FuzzDecode(f *testing.F) {
	env := sealed(f, textType, text, testKey(f, 1))
	f.Add(env)
	f.Add(append(env, ' '))
	f.Add([]byte(`{"payload":"eA==","payloadType":"","signatures":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var quick, slow envelope
		canonical, err := Opener{Read: onepass.Read}.Decode(b, len(b), &quick)
		known, slowErr := Opener{}.Decode(b, len(b), &slow)
		if known || (err == nil) != (slowErr == nil) || err == nil && !reflect.DeepEqual(quick, slow) {
			t.Fatalf("%+v %v, want %+v %v", quick, err, slow, slowErr)
		}
		if canonical && canon.Check(b, quick) != nil {
			t.Fatalf("%q is not canonical", b)
		}
	})
}
