package leaks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	encoding "encoding/pem"
	"math/big"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/crypto/ssh"
)

// keys are fresh ones, so that none lies in this repository.
type keys struct {
	ed    ed25519.PrivateKey
	ec    *ecdsa.PrivateKey
	rsa   *rsa.PrivateKey
	pkcs8 []byte
}

func newKeys(t *testing.T) (k keys) {
	t.Helper()
	var err error
	if _, k.ed, err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if k.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if k.pkcs8, err = x509.MarshalPKCS8PrivateKey(k.ed); err != nil {
		t.Fatal(err)
	}
	return k
}

func block(kind string, der []byte) string {
	return string(encoding.EncodeToMemory(&encoding.Block{Type: kind, Bytes: der}))
}

func utf16Of(text string, order binary.ByteOrder) string {
	out := make([]byte, 2)
	order.PutUint16(out, 0xfeff)
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, 0, 0)
		order.PutUint16(out[len(out)-2:], u)
	}
	return string(out)
}

func mustDER(t *testing.T, v any) string {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(der)
}

func b64(n int) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0x5a}, n)) }

func TestKeysAreFound(t *testing.T) {
	k := newKeys(t)
	ec, _ := x509.MarshalECPrivateKey(k.ec)
	p1 := x509.MarshalPKCS1PrivateKey(k.rsa)
	openSSH, err := ssh.MarshalPrivateKey(k.ed, "alice")
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(k.ed, "alice", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	plain := block("PRIVATE KEY", k.pkcs8)
	quoted, _ := json.Marshal(plain)
	type algorithm struct {
		OID  asn1.ObjectIdentifier
		Null asn1.RawValue
	}
	type encrypted struct {
		Kind algorithm
		Key  []byte
	}
	pbes2 := mustDER(t, encrypted{algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, asn1.NullRawValue}, make([]byte, 64)})
	p12 := "\x30\x82\x09\x00\x02\x01\x03\x30\x82\x08\xc0\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0"
	for name, data := range map[string]string{
		"PKCS 8": plain, "PKCS 8, CRLF": strings.ReplaceAll(plain, "\n", "\r\n"), "RSA": block("RSA PRIVATE KEY", p1), "EC": block("EC PRIVATE KEY", ec),
		"encrypted PKCS 8": block("ENCRYPTED PRIVATE KEY", []byte(pbes2)), "old encrypted RSA": strings.Replace(block("RSA PRIVATE KEY", p1), "\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n", 1),
		"sigstore": block("ENCRYPTED SIGSTORE PRIVATE KEY", make([]byte, 300)), "cosign": block("ENCRYPTED COSIGN PRIVATE KEY", make([]byte, 300)),
		"OpenSSH": string(encoding.EncodeToMemory(openSSH)), "OpenSSH, encrypted": string(encoding.EncodeToMemory(locked)),
		"SSH2":             "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"alice \\\nat home\"\n" + b64(120) + "\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n",
		"OpenPGP":          "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\nComment: mine\n\n" + b64(200) + "\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n",
		"OpenVPN":          "#\n# 2048 bit OpenVPN static key\n#\n-----BEGIN OpenVPN Static key V1-----\n" + strings.Repeat("0123456789abcdef0123456789abcdef\n", 16) + "-----END OpenVPN Static key V1-----\n",
		"after other text": strings.Repeat("nothing\n", 1000) + plain, "in a program": "var k = `" + plain + "`", "in JSON": `{"private_key":` + string(quoted) + `}`,
		"indented": "key: |\n  " + strings.ReplaceAll(plain, "\n", "\n  "), "commented": "# " + strings.ReplaceAll(plain, "\n", "\n# "), "no line ends": strings.ReplaceAll(plain, "\n", ""),
		"concatenated": "\"" + strings.ReplaceAll(plain, "\n", "\\n\" +\n\"") + "\"",
		"UTF-16 LE":    utf16Of(plain, binary.LittleEndian), "UTF-16 BE": utf16Of(plain, binary.BigEndian), "byte-order mark": "\ufeff" + plain,
		"base64": base64.StdEncoding.EncodeToString([]byte(plain)), "base64 of more": base64.StdEncoding.EncodeToString([]byte("x" + plain)), "base64 of yet more": base64.StdEncoding.EncodeToString([]byte("xy" + plain)),
		"kubeconfig": "users:\n- user:\n    client-key-data: " + base64.StdEncoding.EncodeToString([]byte(block("RSA PRIVATE KEY", p1))) + "\n",
		"PKCS 8 DER": string(k.pkcs8), "RSA DER": string(p1), "EC DER": string(ec), "encrypted DER": pbes2, "PKCS 12": p12,
		"PKCS 12, BER": "\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80",
		"JKS":          "\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00\x00\x01", "JCEKS": "\xce\xce\xce\xce\x00\x00\x00\x02\x00\x00\x00\x01",
		"BKS":             "\x00\x00\x00\x02\x00\x00\x00\x14" + strings.Repeat("s", 20) + "\x00\x00\x04\x00\x01",
		"OpenPGP, binary": "\x94\x58\x04\x65\x00\x00\x00\x16\x09\x2b\x06\x01\x04\x01", "OpenPGP, long": "\x95\x01\x58\x04\x65\x00\x00\x00\x01\x09\x2b\x06\x01", "OpenPGP, new": "\xc5\x58\x04\x65\x00\x00\x00\x1b\x09\x2b\x06\x01\x04",
		"GnuPG": "Created: 20260101T000000\nKey: (private-key (ecc (curve Ed25519)(q #40#)(d #00#)))\n", "GnuPG, protected": "(21:protected-private-key(3:ecc(5:curve",
		"PuTTY":    "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nPublic-Lines: 2\r\nAAAA\r\nPrivate-Lines: 1\r\nAAAA\r\n",
		"age":      "# created: 2026\n# public key: age1qqq\n" + "AGE-SECRET-" + "KEY-1" + strings.Repeat("Q", 53) + "\n",
		"minisign": "untrusted comment: minisign encrypted secret key\nRWRTY0Iy" + b64(90), "signify": "untrusted comment: signify secret key\nRWRCSwAA" + b64(70),
		"WireGuard":   "[Interface]\nPrivateKey = " + b64(32) + "\nAddress = 10.0.0.1/24\n",
		"note signer": "PRIVATE+" + "KEY+log.example.com+01234567+" + b64(33),
		"token":       "export TOKEN=" + "gh" + "p_0123456789abcdefghijklmnopqrstuvwxyz", "fine-grained": "github_" + "pat_11ABCDEFG0123456789_abcdefghijklmnop", "installation": "gh" + "s_0123456789abcdefghijklmnopqrstuvwxyz",
		"netrc": "machine github.com\n  login alice\n  password correct-horse\n", "npmrc": "//registry.example.com/:_authToken=0123456789abcdef\n", "pypirc": "[distutils]\nindex-servers = pypi\n[pypi]\nusername = alice\npassword = correct-horse\n",
		"git-credentials":       "https://alice:correct-horse@github.com\n",
		"kubeconfig with token": "apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: abcdefghijklmnopqrstuvwxyz012345\n",
		"AWS":                   "[default]\naws_access_key_id = AKIA" + "ABCDEFGHIJKLMNOP\naws_secret_access_key = " + b64(30) + "\n",
		"JWK":                   `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"in-toto key":           `{"keytype":"ed25519","keyval":{"public":"ab","private":"0123456789abcdef0123456789abcdef"}}`,
		"Google login":          `{"client_id":"x","client_secret":"d-FL95Q19q7MQmFpd7hHD0Ty","refresh_token":"1//0abcdefghijklm","type":"authorized_user"}`,
		"Docker login":          `{"auths":{"ghcr.io":{"auth":"YWxpY2U6Y29ycmVjdA=="}}}`,
	} {
		if what := File([]byte(data)); what == "" {
			t.Errorf("%s is not found", name)
		}
	}
}

func TestPublicFilesPass(t *testing.T) {
	k := newKeys(t)
	public, _ := x509.MarshalPKIXPublicKey(k.ec.Public())
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, k.ec.Public(), k.ec)
	if err != nil {
		t.Fatal(err)
	}
	sshPublic, _ := ssh.NewPublicKey(k.ed.Public())
	for name, data := range map[string]string{
		"nothing": "", "text": "PRIVATE KEY handling\n", "a program that reads keys": "if strings.Contains(s, \"-----BEGIN RSA PRIVATE KEY-----\") {\n\treturn errors.New(\"a private key was given, where a public one is needed\")\n}",
		"a program that writes keys": `return "-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----\n"`, "JavaScript": "const h='-----BEGIN RSA PRIVATE KEY-----',f='-----END RSA PRIVATE KEY-----';function wrapTheKeyInLinesOfSixtyFourCharacters(k){return h+k+f}",
		"public key": block("PUBLIC KEY", public), "RSA public key": block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&k.rsa.PublicKey)), "certificate": block("CERTIFICATE", certificate),
		"public DER": string(public), "RSA public DER": string(x509.MarshalPKCS1PublicKey(&k.rsa.PublicKey)), "certificate DER": string(certificate),
		"ssh public key": string(ssh.MarshalAuthorizedKey(sshPublic)), "signature": "-----BEGIN PGP SIGNATURE-----\n\n" + b64(80) + "\n-----END PGP SIGNATURE-----\n", "OpenPGP public key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + b64(200) + "\n-----END PGP PUBLIC KEY BLOCK-----\n",
		"binary signature": "\x88\x75\x04\x00\x16\x08\x00\x1d\x16\x21\x04\x00", "OpenPGP public packet": "\x98\x33\x04\x65\x00\x00\x00\x16\x09\x2b\x06\x01\x04",
		"checksums": strings.Repeat(strings.Repeat("0123456789abcdef", 4)+"  widget.tar.gz\n", 100), "minisign public key": "untrusted comment: minisign public key 0123\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n", "minisign signature": "untrusted comment: signature from minisign secret key\nRUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n",
		"age recipient": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n", "age file": "-----BEGIN AGE ENCRYPTED FILE-----\n" + b64(200) + "\n-----END AGE ENCRYPTED FILE-----\n",
		"names of a program": "int highs_optimizer_options_default(void); // ghs_\nself._password = read_password_from(environment)\n_password = read_password_from(environment)\n", "Lisp": "(private-key (rsa (n n) (e e)))", "C": "fputs(\"PuTTY-User-Key-File-2: \", f); fputs(\"Private-Lines: 1\", f);",
		"WireGuard peer": "[Peer]\nPublicKey = " + b64(32) + "\n", "npmrc": "//registry.example.com/:_authToken=${NPM_TOKEN}\n", "netrc in a manual": "Write it into ~/.netrc:\n\n    machine github.com login you password secret\n",
		"prose about a key": "Paste the text between -----BEGIN PRIVATE KEY----- and the last line of the file into the box below and press the button that saves it.\n", "a placeholder": "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("x", 60) + "\n-----END PRIVATE KEY-----\n",
		"words in place of a key": "-----BEGIN PRIVATE KEY-----\nyour-private-key-contents-go-here-between-these-lines\n-----END PRIVATE KEY-----\n", "a token in a manual": "export GITHUB_TOKEN=" + "gh" + "p_" + strings.Repeat("x", 36) + "\n",
		"public JWK": `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, "note verifier": "log.example.com+01234567+" + b64(33), "AWS's example": "AKIA" + "IOSFODNN7EXAMPLE",
		"gzip": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + strings.Repeat("\x01\x02", 40), "zip": "PK\x03\x04\x14\x00\x00\x00\x08\x00" + strings.Repeat("\x01\x02", 40), "ELF": "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 40), "PKCS 7": "\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0",
	} {
		if what := File([]byte(data)); what != "" {
			t.Errorf("%s is taken for %s", name, what)
		}
	}
}

func TestText(t *testing.T) {
	if what, line := Text("one\ntwo " + "gh" + "p_0123456789abcdefghij\n"); what != "a GitHub token" || line != 2 {
		t.Errorf("%q at %d", what, line)
	}
	if what, line := Text("one\ntwo\n" + "AGE-SECRET-" + "KEY-1" + strings.Repeat("Q", 53)); what != "an age secret key" || line != 3 {
		t.Errorf("%q at %d", what, line)
	}
	if what, _ := Text("one\n-----BEGIN OPENSSH PRIVATE KEY"); what == "" {
		t.Error("the beginning of a key in a text is not found")
	}
	if what, line := Text("nothing"); what != "" || line != 0 {
		t.Errorf("%q at %d", what, line)
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n"))
	f.Add([]byte("\x30\x80\x02\x01\x03\x30\x80"))
	f.Add([]byte("\x94\x58\x04\x65\x00\x00\x00\x16\x09\x2b\x06\x01"))
	f.Add([]byte("\xff\xfe\x00"))
	f.Fuzz(func(_ *testing.T, data []byte) { File(data) })
}

func BenchmarkFile(b *testing.B) {
	data := bytes.Repeat([]byte("const token = read(\"private key\"); // password of https\n"), MaxFile/57)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		File(data)
	}
}
