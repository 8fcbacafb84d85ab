package crypto_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/fast"
)

const foreign = "testdata/ed25519/"

// foreignVectors reads one of the files that PROVENANCE.md lists.
func foreignVectors(t *testing.T, name string, into any) {
	t.Helper()
	f, err := os.Open(foreign + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.LimitReader(z, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(foreign + "PROVENANCE.md")
	sum := sha256.Sum256(b)
	if err != nil || !strings.Contains(string(page), hex.EncodeToString(sum[:])) {
		t.Fatalf("%s is not what PROVENANCE.md says: %x (%v)", name, sum, err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func unhexText(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// expandedVerify judges a signature as a keyring does whose key is used often.
func expandedVerify(t *testing.T, raw, message, sig []byte) bool {
	t.Helper()
	k, err := fast.New(raw)
	if err != nil && ed25519.Verify(raw, message, sig) {
		t.Errorf("%x: %v", raw, err)
	}
	return k.Verify(message, sig)
}

// TestWycheproof judges the 145 signatures of Wycheproof as their authors and the standard library do.
func TestWycheproof(t *testing.T) {
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			Key    struct{ PK string }
			KeyDer string
			Tests  []struct {
				TcID                      int
				Comment, Msg, Sig, Result string
			}
		}
	}
	foreignVectors(t, "wycheproof.json.gz", &file)
	n, valid := 0, 0
	for _, g := range file.TestGroups {
		key, err := crypto.ParseSPKI(unhexText(t, g.KeyDer))
		if err != nil || !bytes.Equal(key.Raw(), unhexText(t, g.Key.PK)) {
			t.Fatalf("key %s: %v", g.Key.PK, err)
		}
		for _, c := range g.Tests {
			message, sig := unhexText(t, c.Msg), unhexText(t, c.Sig)
			want := c.Result == "valid"
			if n++; want {
				valid++
			}
			if got := key.Verify(message, sig); got != want || len(sig) == ed25519.SignatureSize && got != ed25519.Verify(key.Raw(), message, sig) {
				t.Errorf("case %d, %s: %v, want %s", c.TcID, c.Comment, got, c.Result)
			}
			if got := expandedVerify(t, key.Raw(), message, sig); got != want {
				t.Errorf("case %d, %s: %v by the expanded key, want %s", c.TcID, c.Comment, got, c.Result)
			}
		}
	}
	if n != file.NumberOfTests || n != 145 || valid != 84 {
		t.Errorf("%d cases, %d of them valid", n, valid)
	}
}

// TestEdges judges the 768 signatures on which implementations differ: 198 hold for the standard
// library, and 86 of those are by keys that are taken here.
func TestEdges(t *testing.T) {
	var vectors []struct {
		A, R, S, M string
		Flags      []string
	}
	foreignVectors(t, "edges.json.gz", &vectors)
	library, ours, weak := 0, 0, 0
	for i, v := range vectors {
		raw, message, sig := unhexText(t, v.A), []byte(v.M), unhexText(t, v.R+v.S)
		key, err := crypto.NewPublicKey(raw)
		small, odd := slices.Contains(v.Flags, "LowOrderA"), slices.Contains(v.Flags, "NonCanonicalA")
		if errors.Is(err, crypto.ErrWeakKey) != (small || odd) {
			t.Errorf("%d: key %s: %v, its flags are %v", i, v.A, err, v.Flags)
		}
		if err != nil {
			weak++
		}
		std := ed25519.Verify(raw, message, sig)
		if std {
			library++
		}
		if got := expandedVerify(t, raw, message, sig); got != std {
			t.Errorf("%d: %v by the expanded key, the library says %v", i, got, std)
		}
		got := key.Verify(message, sig)
		if got {
			ours++
		}
		if got != (std && err == nil) {
			t.Errorf("%d: %v, the library says %v, the key %v", i, got, std, err)
		}
		if slices.Contains(v.Flags, "LowOrderResidue") && got {
			t.Errorf("%d: only the cofactor makes it hold, and it holds", i)
		}
	}
	if len(vectors) != 768 || library != 198 || ours != 86 {
		t.Errorf("%d vectors, %d hold for the library and %d here; %d weak keys", len(vectors), library, ours, weak)
	}
}
