package signer

import (
	"bytes"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/omega/marketops"
)

// FuzzParsePublicPEM: what is read is one block that holds this key, and no private one.
func FuzzParsePublicPEM(f *testing.F) {
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAfU0Of2FTpptiQrUiq77mhf2kQg+INLEIw72uNp71Sfo=\n-----END PUBLIC KEY-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nA: b\n\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := ParsePublicPEM(text)
		if err != nil {
			if !errors.Is(err, marketops.KeyUnreadable) || !k.IsZero() {
				t.Fatal("an error without its code, or with a key:", err)
			}
			return
		}
		one, _ := pem.Decode(text)
		two, rest := pem.Decode(PublicPEM(k))
		if one == nil || two == nil || len(rest) != 0 || !bytes.Equal(one.Bytes, two.Bytes) || bytes.Contains(text, []byte("PRIVATE KEY-----")) {
			t.Fatalf("%q is written %q", text, PublicPEM(k))
		}
	})
}
