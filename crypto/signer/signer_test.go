package signer

import (
	"bytes"
	"crypto/ed25519"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"golang.org/x/crypto/ssh"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

const phrase = "correct horse"

func saying(s string) Passphrase {
	return func(string, bool) ([]byte, error) { return []byte(s), nil }
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keyFile(t testing.TB, text []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantPublic reads the public half that the foreign tool wrote.
func wantPublic(t *testing.T, name string) crypto.PublicKey {
	t.Helper()
	text := fixture(t, name)
	if strings.HasSuffix(name, ".pem") {
		k, err := ParsePublicPEM(text)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	pub, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatal(err)
	}
	k, err := crypto.NewPublicKey(pub.(ssh.CryptoPublicKey).CryptoPublicKey().(ed25519.PublicKey))
	if err != nil || string(k.ID()) != ssh.FingerprintSHA256(pub) {
		t.Fatalf("%s, want %s: %v", k.ID(), ssh.FingerprintSHA256(pub), err)
	}
	return k
}

func cosignFile(t *testing.T) []byte {
	t.Helper()
	block, _ := pem.Decode(fixture(t, "plain.pem"))
	sealed, err := encrypted.EncryptWithCustomKDFParameters(block.Bytes, []byte(phrase), encrypted.Legacy)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED COSIGN PRIVATE KEY", Bytes: sealed})
}

func TestLoadForeignFiles(t *testing.T) {
	for _, c := range []struct {
		name, public string
		text         []byte
		encrypted    bool
	}{
		{"plain.pem", "public.pem", nil, false},
		{"pbkdf2.pem", "public.pem", nil, true},
		{"scrypt.pem", "public.pem", nil, true},
		{"cosign", "public.pem", cosignFile(t), true},
		{"ssh.pem", "ssh.pub", nil, false},
		{"ssh-encrypted.pem", "ssh-encrypted.pub", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.text == nil {
				c.text = fixture(t, c.name)
			}
			path, want := keyFile(t, c.text, 0o600), wantPublic(t, c.public)
			s, err := Load(path, saying(phrase))
			if err != nil || s.Public() != want {
				t.Fatalf("got %v, %v", s, err)
			}
			sig, err := s.Sign([]byte("message"))
			if err != nil || !want.Verify([]byte("message"), sig) || want.Verify([]byte("massage"), sig) {
				t.Errorf("the signature does not hold: %v", err)
			}
			if !c.encrypted {
				return
			}
			for _, wrong := range []string{"", "Correct horse"} {
				if _, err := Load(path, saying(wrong)); !errors.Is(err, marketops.PassphraseWrong) {
					t.Errorf("passphrase %q: %v", wrong, err)
				}
			}
			if _, err := Load(path, nil); !errors.Is(err, marketops.PassphraseWrong) {
				t.Errorf("without a passphrase: %v", err)
			}
			asked := errors.New("asked")
			if _, err := Load(path, func(string, bool) ([]byte, error) { return nil, asked }); !errors.Is(err, asked) {
				t.Errorf("the prompt's error is lost: %v", err)
			}
		})
	}
}

func TestLoadFromEnvironment(t *testing.T) {
	t.Setenv("MARKETOPS_TEST_KEY", string(fixture(t, "plain.pem")))
	if s, err := Load("env://MARKETOPS_TEST_KEY", nil); err != nil || s.Public() != wantPublic(t, "public.pem") {
		t.Errorf("got %v, %v", s, err)
	}
	for _, ref := range []string{"env://MARKETOPS_TEST_UNSET", "env://"} {
		if _, err := Load(ref, nil); !errors.Is(err, marketops.KeyUnreadable) {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func patched(t *testing.T, name, old, new string) []byte {
	t.Helper()
	block, _ := pem.Decode(fixture(t, name))
	der := bytes.Replace(block.Bytes, []byte(old), []byte(new), 1)
	if bytes.Equal(der, block.Bytes) {
		t.Fatalf("%s does not hold % x", name, old)
	}
	return pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der})
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestLoadRefuses(t *testing.T) {
	plain := fixture(t, "plain.pem")
	der, _ := pem.Decode(plain)
	public, _ := pem.Decode(fixture(t, "public.pem"))
	zero := bytes.Clone(der.Bytes)
	clear(zero[len(zero)-32:])
	scryptNR := "\x02\x02\x40\x00\x02\x01\x08"
	for name, text := range map[string][]byte{
		"empty":                     {},
		"no PEM":                    []byte("hello"),
		"text before":               append([]byte("Bag Attributes\n"), plain...),
		"text after":                append(bytes.Clone(plain), "x"...),
		"two keys":                  append(bytes.Clone(plain), plain...),
		"PEM headers":               pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Headers: map[string]string{"a": "b"}, Bytes: der.Bytes}),
		"legacy encryption":         fixture(t, "legacy.pem"),
		"RSA PKCS#1":                fixture(t, "rsa.pem"),
		"RSA PKCS#8":                fixture(t, "rsa8.pem"),
		"RSA encrypted":             fixture(t, "rsa-encrypted.pem"),
		"EC":                        fixture(t, "ec.pem"),
		"OpenSSH ECDSA":             fixture(t, "ssh-ecdsa.pem"),
		"public key":                fixture(t, "public.pem"),
		"public key in a disguise":  block("PRIVATE KEY", public.Bytes),
		"DER cut":                   block("PRIVATE KEY", der.Bytes[:len(der.Bytes)-1]),
		"DER longer":                block("PRIVATE KEY", append(bytes.Clone(der.Bytes), 0)),
		"seed of zeros":             block("PRIVATE KEY", zero),
		"too long":                  append(bytes.Clone(plain), bytes.Repeat([]byte("\n"), MaxFile)...),
		"PBES2 with DES":            fixture(t, "des3.pem"),
		"PBKDF2 cost":               fixture(t, "iterations.pem"),
		"PBKDF2 negative":           patched(t, "pbkdf2.pem", "\x02\x02\x08\x00", "\x02\x02\x88\x00"),
		"scrypt memory":             patched(t, "scrypt.pem", scryptNR, "\x02\x02\x7f\xff\x02\x01\x7f"),
		"scrypt parallel":           patched(t, "scrypt.pem", scryptNR+"\x02\x01\x01", scryptNR+"\x02\x01\x11"),
		"scrypt negative":           patched(t, "scrypt.pem", scryptNR, "\x02\x02\x40\x00\x02\x01\x88"),
		"PBES2 empty":               block("ENCRYPTED PRIVATE KEY", nil),
		"sigstore empty":            block("ENCRYPTED SIGSTORE PRIVATE KEY", nil),
		"sigstore unencrypted":      block("ENCRYPTED SIGSTORE PRIVATE KEY", der.Bytes),
		"OpenSSH empty":             block("OPENSSH PRIVATE KEY", nil),
		"OpenSSH with foreign half": foreignHalf(t),
	} {
		t.Run(name, func(t *testing.T) {
			k, err := LoadPrivate(keyFile(t, text, 0o600), saying(phrase))
			if !errors.Is(err, marketops.KeyUnreadable) || k != nil {
				t.Errorf("got %v, %v", k, err)
			}
		})
	}
}

// foreignHalf changes one bit of the public half that an OpenSSH file stores beside the seed.
func foreignHalf(t *testing.T) []byte {
	t.Helper()
	b, _ := pem.Decode(fixture(t, "ssh.pem"))
	public := wantPublic(t, "ssh.pub").Raw()
	at := bytes.LastIndex(b.Bytes, public)
	if at < 0 || bytes.Count(b.Bytes, public) != 3 {
		t.Fatal("the public key does not stand three times in the file")
	}
	b.Bytes[at] ^= 1
	return pem.EncodeToMemory(b)
}

// The IV's length is not the cipher's, and the data is no whole number of blocks: the
// decoder beneath panics on both.
func TestDamagedPBES2(t *testing.T) {
	var info struct {
		Algorithm struct {
			OID    asn1.ObjectIdentifier
			Params struct{ KDF, Cipher algorithm }
		}
		Data []byte
	}
	b, _ := pem.Decode(fixture(t, "pbkdf2.pem"))
	if _, err := asn1.Unmarshal(b.Bytes, &info); err != nil {
		t.Fatal(err)
	}
	iv := info.Algorithm.Params.Cipher.Params
	damage := map[string]func(){
		"data": func() { info.Data = info.Data[:len(info.Data)-1] },
		"none": func() { info.Data = nil },
		"iv": func() {
			info.Algorithm.Params.Cipher.Params = asn1.RawValue{Tag: asn1.TagOctetString, Bytes: iv.Bytes[:8]}
		},
	}
	whole := info
	for name, f := range damage {
		info = whole
		f()
		der, err := asn1.Marshal(info)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parsePrivate("k", block(b.Type, der), saying(phrase)); !errors.Is(err, marketops.KeyUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	der, err := asn1.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsePrivate("k", block(b.Type, der), saying(phrase)); err != nil {
		t.Errorf("the control is refused: %v", err)
	}
}

func TestLoadRefusesFiles(t *testing.T) {
	plain := fixture(t, "plain.pem")
	refs := map[string]string{"absent": filepath.Join(t.TempDir(), "x"), "folder": t.TempDir()}
	if runtime.GOOS != "windows" {
		for _, mode := range []os.FileMode{0o640, 0o604, 0o644, 0o620, 0o602} {
			refs[mode.String()] = keyFile(t, plain, mode)
		}
	}
	for name, ref := range refs {
		if _, err := Load(ref, nil); !errors.Is(err, marketops.KeyUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(keyFile(t, plain, 0o400), nil); err != nil {
		t.Errorf("mode 0400 is stricter than 0600: %v", err)
	}
}

// Nothing may be run for an address that names a program: sigstore would look for sigstore-kms-NAME.
func TestKeyServicesAreRefused(t *testing.T) {
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	plugin := "#!/bin/sh\ntouch " + ran + "\n"
	if err := os.WriteFile(filepath.Join(dir, "sigstore-kms-evil"), []byte(plugin), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, ref := range []string{"evil://key", "awskms:///alias/x", "gcpkms://p", "azurekms://v/k", "hashivault://k", "file:///etc/passwd", "ENV://A", "://", "k8s://a/b"} {
		if _, err := Load(ref, saying(phrase)); !errors.Is(err, marketops.KeyUnreadable) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the plugin was run")
	}
}

func TestWriteAndReadBack(t *testing.T) {
	k, err := Generate(bytes.NewReader([]byte("0123456789abcdef0123456789abcdef")))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, err := range map[string]error{
		"plain":  WritePlain(at("plain"), k),
		"phrase": WriteEncrypted(at("phrase"), k, []byte(phrase)),
		"empty":  WriteEncrypted(at("empty"), k, []byte{}),
		"public": WritePublic(at("public"), k.Public()),
	} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for name, pass := range map[string]Passphrase{"plain": nil, "phrase": saying(phrase), "empty": saying("")} {
		got, err := LoadPrivate(at(name), pass)
		if err != nil || !bytes.Equal(got.Seed(), k.Seed()) {
			t.Errorf("%s: %v", name, err)
		}
		if i, err := os.Stat(at(name)); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, i.Mode(), err)
		}
	}
	if p, err := LoadPublic(at("public")); err != nil || p != k.Public() {
		t.Errorf("public: %v", err)
	}
	text, _ := os.ReadFile(at("phrase"))
	if !bytes.HasPrefix(text, []byte("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")) {
		t.Errorf("the file begins %.60q", text)
	}
	b, _ := pem.Decode(text)
	if !bytes.Contains(b.Bytes, []byte(`"N":131072,"r":8,"p":1`)) {
		t.Errorf("not the parameters that OWASP recommends: %.120s", b.Bytes)
	}
	foreign, err := cryptoutils.UnmarshalPEMToPrivateKey(text, cryptoutils.StaticPasswordFunc([]byte(phrase)))
	if err != nil || !bytes.Equal(foreign.(ed25519.PrivateKey).Seed(), k.Seed()) {
		t.Errorf("sigstore's own reader: %v", err)
	}
}

func TestWriteNeverReplaces(t *testing.T) {
	k, err := Generate(strings.NewReader("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	path := keyFile(t, []byte("precious"), 0o600)
	for name, err := range map[string]error{
		"plain":  WritePlain(path, k),
		"phrase": WriteEncrypted(path, k, []byte(phrase)),
		"public": WritePublic(path, k.Public()),
		"folder": WritePlain(filepath.Join(path, "x"), k),
		"no key": WritePlain(path+"1", nil),
		"nil":    WriteEncrypted(path+"2", k, nil),
		"zero":   WritePublic(path+"3", crypto.PublicKey{}),
	} {
		if !errors.Is(err, marketops.KeyUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, _ := os.ReadFile(path); string(text) != "precious" {
		t.Errorf("the file is now %q", text)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("files were left: %v", left)
	}
}

func TestGenerateRefuses(t *testing.T) {
	for name, text := range map[string]string{"short": "0123", "zeros": strings.Repeat("\x00", 32), "ones": strings.Repeat("\xff", 32)} {
		if k, err := Generate(strings.NewReader(text)); !errors.Is(err, marketops.KeyUnreadable) || k != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Generate(nil); !errors.Is(err, marketops.KeyUnreadable) {
		t.Errorf("nil: %v", err)
	}
}

func TestParsePublicPEM(t *testing.T) {
	good := fixture(t, "public.pem")
	k, err := ParsePublicPEM(good)
	if err != nil || !bytes.Equal(PublicPEM(k), good) {
		t.Fatalf("openssl writes %s, we write %s: %v", good, PublicPEM(k), err)
	}
	b, _ := pem.Decode(good)
	weak := bytes.Clone(b.Bytes)
	clear(weak[len(weak)-32:])
	for name, text := range map[string][]byte{
		"private":            fixture(t, "plain.pem"),
		"encrypted":          fixture(t, "pbkdf2.pem"),
		"private and public": append(fixture(t, "plain.pem"), good...),
		"public and private": append(bytes.Clone(good), fixture(t, "plain.pem")...),
		"EC":                 fixture(t, "ec-public.pem"),
		"OpenSSH":            fixture(t, "ssh.pub"),
		"weak":               block("PUBLIC KEY", weak),
		"two":                append(bytes.Clone(good), good...),
		"DER longer":         block("PUBLIC KEY", append(bytes.Clone(b.Bytes), 0)),
		"certificate":        block("CERTIFICATE", b.Bytes),
		"too long":           append(bytes.Clone(good), bytes.Repeat([]byte("\n"), MaxFile)...),
		"empty":              nil,
	} {
		if _, err := ParsePublicPEM(text); !errors.Is(err, marketops.KeyUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParsePublicPEM(block("PUBLIC KEY", weak)); !errors.Is(err, crypto.ErrWeakKey) {
		t.Errorf("weak: %v", err)
	}
	if _, err := ParsePublicPEM(fixture(t, "plain.pem")); !strings.Contains(fmt.Sprint(err), "this is a private key") {
		t.Errorf("private: %v", err)
	}
}
