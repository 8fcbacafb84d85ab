package log_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
)

const payloadType = "application/vnd.in-toto+json"

// opened signs and opens an envelope over a payload that ends in this number.
func opened(t testing.TB, key *crypto.PrivateKey, n int) *crypto.Opened {
	t.Helper()
	env, err := crypto.Sign(payloadType, fmt.Appendf(nil, `{"n":%d}`, n), key)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := crypto.NewKeyring(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	o, err := crypto.Open(env, payloadType, ring)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// wantCode fails the test unless err carries code; "" wants no error.
func wantCode(t testing.TB, what string, err error, code marketops.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !errors.Is(err, code) {
		t.Errorf("%s: err = %v, want code %q", what, err, code)
	}
}

func TestLeafIsTheCanonicalHashedRekord(t *testing.T) {
	o := opened(t, logtest.Key(1), 1)
	sum := sha512.Sum512(o.PAE)
	type m = map[string]any
	want, err := canon.Encode(m{
		"kind": "hashedrekord", "apiVersion": "0.0.2",
		"spec": m{"hashedRekordV002": m{
			"signature": m{
				"verifier": m{"publicKey": m{"rawBytes": base64.StdEncoding.EncodeToString(o.Key.SPKI())}, "keyDetails": "PKIX_ED25519_PH"},
				"content":  base64.StdEncoding.EncodeToString(o.Sig),
			},
			"data": m{"digest": base64.StdEncoding.EncodeToString(sum[:]), "algorithm": "SHA2_512"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := log.Leaf(o); !bytes.Equal(got, want) {
		t.Fatalf("leaf\n%s\nwant\n%s", got, want)
	}
	if len(want) != 453 {
		t.Errorf("a leaf has %d bytes, the documentation says 453", len(want))
	}
}

func TestLeafOfOneEnvelopeInTwoSpellings(t *testing.T) {
	key := logtest.Key(1)
	env, err := crypto.Sign(payloadType, []byte(`{"n":1}`), key)
	if err != nil {
		t.Fatal(err)
	}
	ring, _ := crypto.NewKeyring(key.Public())
	var loose map[string]any
	if err := json.Unmarshal(env, &loose); err != nil {
		t.Fatal(err)
	}
	other, err := json.MarshalIndent(loose, "", "  ")
	if err != nil || bytes.Equal(env, other) {
		t.Fatal("no second spelling", err)
	}
	a, err1 := crypto.Open(env, payloadType, ring)
	b, err2 := crypto.Open(other, payloadType, ring)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(log.Leaf(a), log.Leaf(b)) {
		t.Error("two spellings of one envelope have two leaves")
	}
}

func TestParseLeafRoundTrip(t *testing.T) {
	o := opened(t, logtest.Key(1), 7)
	e, err := log.ParseLeaf(log.Leaf(o))
	if err != nil {
		t.Fatal(err)
	}
	if e.Key != o.Key || !bytes.Equal(e.Sig, o.Sig) || e.PAE512 != sha512.Sum512(o.PAE) {
		t.Errorf("%+v is not the entry of its envelope", e)
	}
}

func TestParseLeafRefuses(t *testing.T) {
	good := string(log.Leaf(opened(t, logtest.Key(1), 1)))
	weak := base64.StdEncoding.EncodeToString(append(logtest.Key(1).Public().SPKI()[:12], append([]byte{1}, make([]byte, 31)...)...))
	for name, bad := range map[string]string{
		"nothing":             "",
		"another kind":        strings.Replace(good, `"hashedrekord"`, `"intoto"`, 1),
		"another version":     strings.Replace(good, "0.0.2", "0.0.1", 1),
		"another algorithm":   strings.Replace(good, "SHA2_512", "SHA2_256", 1),
		"another key type":    strings.Replace(good, "PKIX_ED25519_PH", "PKIX_ED25519", 1),
		"space":               strings.Replace(good, `,"kind"`, `, "kind"`, 1),
		"trailing newline":    good + "\n",
		"trailing object":     good + "{}",
		"truncated":           good[:len(good)-1],
		"url-safe base64":     strings.NewReplacer("+", "-", "/", "_").Replace(good),
		"trailing bits":       strings.Replace(good, `=="},"sig`, `"},"sig`, 1),
		"weak key":            good[:strings.Index(good, `"rawBytes":"`)+12] + weak + `"}}}}}}`,
		"two node hashes":     strings.Repeat("h", 64),
		"an envelope instead": `{"payload":"","payloadType":"","signatures":[]}`,
	} {
		_, err := log.ParseLeaf([]byte(bad))
		wantCode(t, name, err, marketops.RecordUnknown)
	}
	// Every single-byte change must either be refused or say something else.
	e, err := log.ParseLeaf([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		b := []byte(good)
		b[i] ^= 1
		if f, err := log.ParseLeaf(b); err == nil && f.PAE512 == e.PAE512 && bytes.Equal(f.Sig, e.Sig) && f.Key == e.Key {
			t.Fatalf("byte %d is not part of what a leaf says", i)
		}
	}
}

func TestLeafHashSeparatesLeavesFromNodes(t *testing.T) {
	leaf := []byte("leaf")
	if got, want := log.LeafHash(leaf), log.Hash(sha256.Sum256(append([]byte{0}, leaf...))); got != want {
		t.Errorf("leaf hash %s, want %s", got, want)
	}
}

func TestHashText(t *testing.T) {
	h := log.LeafHash(nil)
	back, err := log.ParseHash(h.String())
	if err != nil || back != h {
		t.Fatalf("%v, %v", back, err)
	}
	for _, bad := range []string{"", strings.ToUpper(h.String()), h.String() + "0", h.String()[1:], "sha256:" + h.String(), strings.Repeat("g", 64)} {
		if _, err := log.ParseHash(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	b, err := canon.Encode(map[string]any{"h": h, "p": log.Position{Origin: "log.example", Index: 3}})
	if want := `{"h":"` + h.String() + `","p":{"index":3,"origin":"log.example"}}`; err != nil || string(b) != want {
		t.Errorf("%s, %v; want %s", b, err, want)
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(log.Leaf(opened(f, logtest.Key(1), 1)))
	f.Add([]byte(`{"apiVersion":"0.0.2","kind":"hashedrekord"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := log.ParseLeaf(b)
		if err != nil {
			wantCode(t, "leaf", err, marketops.RecordUnknown)
			return
		}
		again, err := log.ParseLeaf(b)
		if err != nil || again.PAE512 != e.PAE512 || len(e.Sig) != 64 || e.Key.IsZero() {
			t.Fatalf("%q reads as %+v and %+v, %v", b, e, again, err)
		}
	})
}
