package interop

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tampering is one thing that somebody changed in a copy of an export, and what cosign and
// sigstore-go say about it, which shows that they found this and not something else. They look at the log first: what
// changes signature, payload or key changes the leaf, and the proof leads to another root.
type tampering struct {
	name string
	do   func(*testing.T, folder)
	says string
}

// folder is a copy of an export that a test may change.
type folder struct{ document, bundle, root, key string }

func copied(t *testing.T, e *export) folder {
	dir := t.TempDir()
	s := e.Signatures[0]
	var out []string
	for _, from := range []string{e.Document, s.Bundle, e.TrustedRoot, s.Public} {
		to := filepath.Join(dir, filepath.Base(from))
		must(t, os.WriteFile(to, read(t, from), 0o644))
		out = append(out, to)
	}
	return folder{out[0], out[1], out[2], out[3]}
}

var tamperings = []tampering{
	{"artifact", func(t *testing.T, f folder) { flipAt(t, f.document, 10) }, "digest"},
	{"signature", edit("dsseEnvelope.signatures.0.sig", flip64), "root"},
	{"payload", edit("dsseEnvelope.payload", flip64), "root"},
	{"proof hash", edit("verificationMaterial.tlogEntries.0.inclusionProof.hashes.0", flip64), "root"},
	{"no proof hash", edit("verificationMaterial.tlogEntries.0.inclusionProof.hashes", func(any) any { return []any{} }), "proof"},
	{"index", edit("verificationMaterial.tlogEntries.0.logIndex", func(any) any { return "0" }), "root"},
	{"checkpoint's root", edit("verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope", line(2, flip64)), "checkpoint"},
	{"checkpoint's size", edit("verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope", line(1, func(v any) any { return v.(string) + "0" })), "checkpoint"},
	{"checkpoint's signature", edit("verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope", line(4, func(v any) any {
		name, sig, _ := cutLast(v.(string), " ")
		return name + " " + flip64(sig).(string)
	})), "checkpoint"},
	{"checkpoint's origin", edit("verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope", func(v any) any {
		return strings.ReplaceAll(v.(string), "log.example.com", "log.example.net")
	}), "checkpoint"},
	{"no entry", edit("verificationMaterial.tlogEntries", func(any) any { return []any{} }), "not enough verified log entries"},
	{"another log's id", edit("verificationMaterial.tlogEntries.0.logId.keyId", flip64), "not enough verified log entries"},
	{"a trusted root of another log", func(t *testing.T, f folder) { otherLog(t, f, true) }, "not enough verified log entries"},
	{"another key under the log's id", func(t *testing.T, f folder) { otherLog(t, f, false) }, "checkpoint"},
	{"a trusted root of no log", func(t *testing.T, f folder) { editFile(t, f.root, "tlogs", func(any) any { return []any{} }) }, "not enough verified log entries"},
	{"a stranger's key", func(t *testing.T, f folder) { writeKey(t, f.key, stranger(t)) }, "root"},
}

func edit(path string, change func(any) any) func(*testing.T, folder) {
	return func(t *testing.T, f folder) { editFile(t, f.bundle, path, change) }
}

// editFile changes one value in a JSON file and demands that it did change.
func editFile(t *testing.T, file, path string, change func(any) any) {
	t.Helper()
	var v any
	must(t, json.Unmarshal(read(t, file), &v))
	old, err := json.Marshal(v)
	must(t, err)
	steps := strings.Split(path, ".")
	in := v
	for _, step := range steps[:len(steps)-1] {
		in = member(t, in, step)
	}
	last := steps[len(steps)-1]
	changed := change(member(t, in, last))
	if m, ok := in.(map[string]any); ok {
		m[last] = changed
	} else {
		n, _ := strconv.Atoi(last)
		in.([]any)[n] = changed
	}
	b, err := json.Marshal(v)
	must(t, err)
	if string(b) == string(old) {
		t.Fatalf("%s: nothing was changed", path)
	}
	must(t, os.WriteFile(file, b, 0o644))
}

func member(t *testing.T, in any, step string) any {
	t.Helper()
	switch in := in.(type) {
	case map[string]any:
		if v, ok := in[step]; ok {
			return v
		}
	case []any:
		if n, err := strconv.Atoi(step); err == nil && n < len(in) {
			return in[n]
		}
	}
	t.Fatalf("there is no %s", step)
	return nil
}

// flip64 turns one bit of what a base64 text encodes.
func flip64(v any) any {
	b, err := base64.StdEncoding.DecodeString(v.(string))
	if err != nil || len(b) < 8 {
		return v
	}
	b[7] ^= 1
	return base64.StdEncoding.EncodeToString(b)
}

// line changes one line of a text.
func line(n int, change func(any) any) func(any) any {
	return func(v any) any {
		lines := strings.Split(v.(string), "\n")
		lines[n] = change(lines[n]).(string)
		return strings.Join(lines, "\n")
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func flipAt(t *testing.T, file string, n int) {
	b := read(t, file)
	b[n] ^= 1
	must(t, os.WriteFile(file, b, 0o644))
}

func stranger(t *testing.T) ed25519.PublicKey {
	return ed25519.NewKeyFromSeed([]byte("a stranger's thirty-two byte key")).Public().(ed25519.PublicKey)
}

func spki(t *testing.T, key ed25519.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	must(t, err)
	return der
}

func writeKey(t *testing.T, file string, key ed25519.PublicKey) {
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(t, key)}), 0o644))
}

// otherLog puts a stranger's key into the trusted root, under its own id or under that of the log.
func otherLog(t *testing.T, f folder, ownID bool) {
	key := stranger(t)
	editFile(t, f.root, "tlogs.0.publicKey.rawBytes", func(any) any { return base64.StdEncoding.EncodeToString(spki(t, key)) })
	if !ownID {
		return
	}
	id := sha256.Sum256(append([]byte("log.example.com\n\x01"), key...))
	for _, path := range []string{"tlogs.0.logId.keyId", "tlogs.0.checkpointKeyId.keyId"} {
		editFile(t, f.root, path, func(any) any { return base64.StdEncoding.EncodeToString(id[:]) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	return b
}
