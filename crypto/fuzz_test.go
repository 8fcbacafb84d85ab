package crypto

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"testing"
)

// FuzzParsePKCS8 holds parse and format to each other, and the parser to crypto/x509.
func FuzzParsePKCS8(f *testing.F) {
	good := testKey(f, 1).PKCS8()
	f.Add(good)
	f.Add(good[:47])
	f.Add(testKey(f, 1).Public().SPKI())
	f.Fuzz(func(t *testing.T, der []byte) {
		k, err := ParsePKCS8(der)
		if err != nil {
			return
		}
		if !bytes.Equal(k.PKCS8(), der) {
			t.Fatalf("%x is written %x", der, k.PKCS8())
		}
		std, err := x509.ParsePKCS8PrivateKey(der)
		if key, ok := std.(ed25519.PrivateKey); err != nil || !ok || !bytes.Equal(key.Seed(), k.Seed()) {
			t.Fatal("crypto/x509 reads another key:", err)
		}
	})
}
