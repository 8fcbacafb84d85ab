package crypto

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func testKey(t testing.TB, n byte) *PrivateKey {
	t.Helper()
	k, err := NewPrivateKey(bytes.Repeat([]byte{n}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// torsion holds all encodings that the eight points of small order have, canonical or not, as
// tabled in "Taming the many EdDSAs" (table 1).
var torsion = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	// not canonical: x = 0 with the sign bit, and y + p
	"0100000000000000000000000000000000000000000000000000000000000080",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
}

func TestWeakKeysAreRefused(t *testing.T) {
	for _, s := range torsion {
		raw, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		refuseWeak(t, raw)
	}
	for low := 0xed; low <= 0xff; low++ { // every y from p to 2^255-1, both signs
		for _, top := range []byte{0x7f, 0xff} {
			raw := bytes.Repeat([]byte{0xff}, 32)
			raw[0], raw[31] = byte(low), top
			refuseWeak(t, raw)
		}
	}
	almost := bytes.Repeat([]byte{0xff}, 32)
	almost[0], almost[31] = 0xea, 0x7f // p - 3 is the y of a point
	if _, err := NewPublicKey(almost); err != nil {
		t.Error("p - 3 was refused:", err)
	}
	almost[0] = 0xeb // p - 2 is not
	if k, err := NewPublicKey(almost); err == nil || !k.IsZero() {
		t.Error("what is no point was taken for a key")
	}
}

func refuseWeak(t *testing.T, raw []byte) {
	t.Helper()
	if k, err := NewPublicKey(raw); !errors.Is(err, ErrWeakKey) || !k.IsZero() {
		t.Errorf("%x: %v", raw, err)
	}
	der := append(testSPKIPrefix(t), raw...)
	if k, err := ParseSPKI(der); !errors.Is(err, ErrWeakKey) || !k.IsZero() {
		t.Errorf("SPKI of %x: %v", raw, err)
	}
}

func testSPKIPrefix(t *testing.T) []byte { return slices.Clone(testKey(t, 1).Public().SPKI()[:12]) }

// TestWhyWeakKeysMatter shows the attack that the refusal stops: one signature for every message.
func TestWhyWeakKeysMatter(t *testing.T) {
	one := append([]byte{1}, make([]byte, 31)...)
	sig := append(slices.Clone(one), make([]byte, 32)...)
	if !ed25519.Verify(one, []byte("anything"), sig) || !ed25519.Verify(one, []byte("anything else"), sig) {
		t.Fatal("the standard library refuses the neutral element by itself now: say so where ErrWeakKey is explained")
	}
	if _, err := NewPublicKey(one); err == nil {
		t.Error("a key that signs everything was accepted")
	}
	if (PublicKey{}).Verify([]byte("anything"), make([]byte, 64)) {
		t.Error("the zero key verified")
	}
}

func TestKeyID(t *testing.T) {
	for n := range byte(50) {
		k := testKey(t, n).Public()
		pub, err := ssh.NewPublicKey(ed25519.PublicKey(k.Raw()))
		if err != nil {
			t.Fatal(err)
		}
		if want := ssh.FingerprintSHA256(pub); string(k.ID()) != want {
			t.Errorf("key %d is %s, x/crypto/ssh says %s", n, k.ID(), want)
		}
	}
}

func TestSPKI(t *testing.T) {
	for n := range byte(50) {
		k := testKey(t, n).Public()
		std, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(k.Raw()))
		if err != nil || !bytes.Equal(std, k.SPKI()) {
			t.Fatalf("%x is not what crypto/x509 writes: %x (%v)", k.SPKI(), std, err)
		}
		back, err := ParseSPKI(k.SPKI())
		if err != nil || back != k {
			t.Errorf("key %d: %v", n, err)
		}
	}
	k := testKey(t, 1)
	good := k.Public().SPKI()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{
		"trailing":       append(slices.Clone(good), 0),
		"ECDSA":          ecDER,
		"private":        k.PKCS8(),
		"X25519":         bytes.Replace(good, []byte{0x2b, 0x65, 0x70}, []byte{0x2b, 0x65, 0x6e}, 1),
		"Ed448":          bytes.Replace(good, []byte{0x2b, 0x65, 0x70}, []byte{0x2b, 0x65, 0x71}, 1),
		"NULL parameter": asn1Sequence(asn1Sequence([]byte{6, 3, 0x2b, 0x65, 0x70}, []byte{5, 0}), good[9:]),
		"unused bits":    bytes.Replace(good, []byte{3, 0x21, 0}, []byte{3, 0x21, 1}, 1),
		"31 bytes":       asn1Sequence(good[2:9], append([]byte{3, 0x20, 0}, good[12:43]...)),
		"33 bytes":       asn1Sequence(good[2:9], append([]byte{3, 0x22, 0}, append(slices.Clone(good[12:]), 1)...)),
		"long length":    append([]byte{0x30, 0x81, 0x2a}, good[2:]...),
		"raw":            k.Public().Raw(),
	} {
		if got, err := ParseSPKI(der); err == nil || !got.IsZero() {
			t.Errorf("%s was accepted", name)
		}
	}
	for i := range good {
		if _, err := ParseSPKI(good[:i]); err == nil {
			t.Errorf("the first %d bytes were accepted", i)
		}
	}
}

func asn1Sequence(parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append([]byte{0x30, byte(len(body))}, body...)
}

func TestPKCS8(t *testing.T) {
	for n := range byte(20) {
		k := testKey(t, n)
		std, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(k.Seed()))
		if err != nil || !bytes.Equal(std, k.PKCS8()) {
			t.Fatalf("key %d is not what crypto/x509 writes (%v)", n, err)
		}
		back, err := ParsePKCS8(std)
		if err != nil || !bytes.Equal(back.Seed(), k.Seed()) || bytes.Equal(back.Seed(), testKey(t, n+1).Seed()) {
			t.Errorf("key %d: %v", n, err)
		}
	}
	k := testKey(t, 1)
	good := k.PKCS8()
	for name, der := range map[string][]byte{
		"trailing":   append(slices.Clone(good), 0),
		"public":     k.Public().SPKI(),
		"version 1":  bytes.Replace(good, []byte{2, 1, 0}, []byte{2, 1, 1}, 1),
		"X25519":     bytes.Replace(good, []byte{0x2b, 0x65, 0x70}, []byte{0x2b, 0x65, 0x6e}, 1),
		"short seed": asn1Sequence(good[2:12], []byte{4, 0x21, 4, 0x1f}, good[16:47]),
		"attributes": asn1Sequence(good[2:], []byte{0xa0, 0}),
	} {
		if _, err := ParsePKCS8(der); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for i := range good {
		if _, err := ParsePKCS8(good[:i]); err == nil {
			t.Errorf("the first %d bytes were accepted", i)
		}
	}
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := NewPrivateKey(make([]byte, n)); err == nil {
			t.Errorf("a seed of %d bytes was accepted", n)
		}
	}
}

// TestPrivateKeysNeverPrint asks every verb, every flag and every usual encoder.
func TestPrivateKeysNeverPrint(t *testing.T) {
	k, err := NewPrivateKey([]byte("canary-seed-canary-seed-canary-s"))
	if err != nil {
		t.Fatal(err)
	}
	raw := append(k.Seed(), k.Public().Raw()...)
	secrets := []string{string(k.Seed()[:8]), hex.EncodeToString(k.Seed()[:8]), strings.ToUpper(hex.EncodeToString(k.Seed()[:8])),
		base64.StdEncoding.EncodeToString(k.Seed())[:10], strings.Trim(fmt.Sprint(raw[:6]), "[]"), strings.Trim(fmt.Sprintf("%#v", raw[:4])[7:], "{}"),
		strings.Trim(fmt.Sprintf("%o", raw[:5]), "[]"), strings.Trim(fmt.Sprintf("%b", raw[:3]), "[]"), strings.Trim(fmt.Sprintf("%U", raw[:3]), "[]"), strings.Trim(fmt.Sprintf("%q", raw[:3]), "[]")}
	type holder struct {
		Key  *PrivateKey
		Copy PrivateKey
	}
	var outputs []string
	for _, flags := range []string{"", "+", "#", "0", "-", " ", "# ", "+080"} {
		for verb := rune('A'); verb <= 'z'; verb++ {
			if verb > 'Z' && verb < 'a' {
				continue
			}
			for _, v := range []any{k, *k, holder{k, *k}, &holder{k, *k}, []*PrivateKey{k}, []PrivateKey{*k}, map[string]any{"k": *k}, &k} {
				outputs = append(outputs, fmt.Sprintf("%"+flags+string(verb), v))
			}
		}
	}
	js, err := json.Marshal(holder{k, *k})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "key", k, "copy", *k)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "key", k, "copy", *k, "holder", holder{k, *k})
	outputs = append(outputs, string(js), logged.String(), k.String(), k.GoString(), fmt.Errorf("%w: %v", errors.New("x"), k).Error())
	for _, out := range outputs {
		for _, s := range secrets {
			if strings.Contains(out, s) {
				t.Fatalf("%.200q holds %q", out, s)
			}
		}
	}
	if got := fmt.Sprintf("%d %x %v %s", k, *k, k, *k); got != strings.Repeat("[private key] ", 3)+"[private key]" {
		t.Errorf("prints as %q", got)
	}
}

// TestVerifyIsTheStandardLibrary compares verdicts over signatures with R, S and A taken from
// the edges: small order, not canonical, S beyond the group order, and their mixtures.
func TestVerifyIsTheStandardLibrary(t *testing.T) {
	k := testKey(t, 3)
	message := []byte("message")
	good := ed25519.Sign(k.key.PrivateKey, message)
	order, _ := hex.DecodeString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	scalars := [][]byte{good[32:], make([]byte, 32), order, bytes.Repeat([]byte{0xff}, 32), addLittle(good[32:], order)}
	points := [][]byte{good[:32]}
	for _, s := range torsion {
		p, _ := hex.DecodeString(s)
		points = append(points, p)
	}
	accepted := 0
	for _, a := range append([][]byte{k.Public().Raw()}, points...) {
		key, err := NewPublicKey(a)
		for _, r := range points {
			for _, s := range scalars {
				sig := slices.Concat(r, s)
				if want := err == nil && ed25519.Verify(a, message, sig); key.Verify(message, sig) != want {
					t.Errorf("A %x R %x S %x: want %v", a, r, s, want)
				} else if want {
					accepted++
				}
			}
		}
	}
	if accepted != 1 {
		t.Errorf("%d of the signatures verify, want the honest one alone", accepted)
	}
	for _, n := range []int{0, 32, 63, 65, 128} {
		if k.Public().Verify(message, append(slices.Clone(good), make([]byte, 64)...)[:n]) {
			t.Errorf("a signature of %d bytes verified", n)
		}
	}
	ph, err := k.key.PrivateKey.Sign(nil, bytes.Repeat([]byte{7}, 64), &ed25519.Options{Hash: 7}) // crypto.SHA512
	if err != nil || k.Public().Verify(bytes.Repeat([]byte{7}, 64), ph) {
		t.Errorf("an Ed25519ph signature verified (%v)", err)
	}
}

func addLittle(a, b []byte) []byte {
	out, carry := make([]byte, len(a)), 0
	for i := range a {
		carry += int(a[i]) + int(b[i])
		out[i], carry = byte(carry), carry>>8
	}
	return out
}

// FuzzParseSPKI holds parse and format to each other, and the parser to crypto/x509.
func FuzzParseSPKI(f *testing.F) {
	good := testKey(f, 1).Public().SPKI()
	f.Add(good)
	f.Add(testKey(f, 1).PKCS8())
	f.Add(good[:43])
	f.Fuzz(func(t *testing.T, der []byte) {
		k, err := ParseSPKI(der)
		if err != nil {
			if !k.IsZero() {
				t.Fatal("an error and a key")
			}
			return
		}
		if !bytes.Equal(k.SPKI(), der) {
			t.Fatalf("%x is written %x", der, k.SPKI())
		}
		std, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			t.Fatal("crypto/x509 refuses it:", err)
		}
		if pub, ok := std.(ed25519.PublicKey); !ok || !bytes.Equal(pub, k.Raw()) {
			t.Fatal("crypto/x509 reads another key")
		}
	})
}
