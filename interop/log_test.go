package interop

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	flog "github.com/transparency-dev/formats/log"
	fproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const origin = "log.example.com"

// logTrusted takes the log's key from the one "log" line of the trust file.
func logTrusted(t *testing.T) note.Verifier {
	var file struct {
		Policy string `json:"log_policy"`
	}
	must(t, json.Unmarshal(read(t, filepath.Join(evidence.dir, ".marketops", "trust.json")), &file))
	for l := range strings.Lines(file.Policy) {
		if words := strings.Fields(l); len(words) > 1 && words[0] == "log" {
			v, err := note.NewVerifier(words[1])
			must(t, err)
			return v
		}
	}
	t.Fatalf("no log in %q", file.Policy)
	return nil
}

// spkis lists every key of the trust file: the leaf holds the one that signed.
func spkis(t *testing.T) (out []string) {
	var file any
	must(t, json.Unmarshal(read(t, filepath.Join(evidence.dir, ".marketops", "trust.json")), &file))
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if s, ok := v["spki"].(string); ok {
				out = append(out, s)
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(file)
	if len(out) < 4 {
		t.Fatalf("the trust file has %d keys", len(out))
	}
	return out
}

// leafOf builds the leaf of an envelope from its description in docs/formats.md; encoding/json
// writes maps in key order, which for these is RFC 8785.
func leafOf(t *testing.T, envelope []byte, key string) []byte {
	var e struct {
		Payload     []byte
		PayloadType string
		Signatures  []struct{ Sig []byte }
	}
	must(t, json.Unmarshal(envelope, &e))
	pae := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(e.PayloadType), e.PayloadType, len(e.Payload), e.Payload)
	digest := sha512.Sum512(pae)
	type m = map[string]any
	b, err := json.Marshal(m{"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": m{"hashedRekordV002": m{
		"data":      m{"algorithm": "SHA2_512", "digest": digest[:]},
		"signature": m{"content": e.Signatures[0].Sig, "verifier": m{"keyDetails": "PKIX_ED25519_PH", "publicKey": m{"rawBytes": key}}},
	}}})
	must(t, err)
	return b
}

// proved verifies a .tlog-proof with three foreign readers that must agree.
func proved(leaf, text []byte, by note.Verifier) error {
	var p fproof.TLogProof
	if err := p.Unmarshal(text); err != nil {
		return err
	}
	if !bytes.Equal(p.Marshal(), text) {
		return fmt.Errorf("formats/proof writes it otherwise")
	}
	cp, _, _, err := flog.ParseCheckpoint(p.Checkpoint, origin, by)
	if err != nil {
		return err
	}
	var hashes [][]byte
	var record tlog.RecordProof
	for _, h := range p.Hashes {
		hashes = append(hashes, h[:])
		record = append(record, tlog.Hash(h))
	}
	hash := rfc6962.DefaultHasher.HashLeaf(leaf)
	one := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, cp.Size, hash, hashes, cp.Hash)
	two := tlog.CheckRecord(record, int64(cp.Size), tlog.Hash(cp.Hash), int64(p.Index), tlog.RecordHash(leaf))
	if (one == nil) != (two == nil) {
		return fmt.Errorf("merkle says %v, x/mod says %v", one, two)
	}
	return one
}

// provedByOne demands that the proof holds under exactly one key of the trust file.
func provedByOne(t *testing.T, envelope, text []byte) (leaf []byte, err error) {
	by := logTrusted(t)
	for _, key := range spkis(t) {
		l := leafOf(t, envelope, key)
		e := proved(l, text, by)
		if e == nil && leaf != nil {
			t.Fatal("two keys fit one leaf")
		}
		if e == nil {
			leaf = l
		} else {
			err = e
		}
	}
	if leaf != nil {
		err = nil
	}
	return leaf, err
}

// records returns every envelope with its proof: those in the run's folder and those in its pack.
func records(t *testing.T) (out map[string][2][]byte) {
	out = map[string][2][]byte{}
	dir := filepath.Join(evidence.dir, "run")
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if base, ok := strings.CutSuffix(path, ".tlog-proof"); ok && err == nil {
			out[path] = [2][]byte{read(t, base+".json"), read(t, path)}
		}
		return err
	}))
	if len(out) < 2 {
		t.Fatalf("the run's folder holds %d proofs", len(out))
	}
	z, err := zip.OpenReader(filepath.Join(evidence.dir, "run.mopack"))
	must(t, err)
	defer z.Close()
	inPack := 0
	for _, f := range z.File {
		if name, ok := strings.CutPrefix(f.Name, "proofs/"); ok {
			out[f.Name] = [2][]byte{unzip(t, z, "records/"+strings.TrimSuffix(name, ".tlog-proof")+".json"), unzip(t, z, f.Name)}
			inPack++
		}
	}
	if inPack < 10 {
		t.Fatalf("the pack holds %d proofs", inPack)
	}
	return out
}

func unzip(t *testing.T, z *zip.ReadCloser, name string) []byte {
	f, err := z.Open(name)
	must(t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	must(t, err)
	return b
}

func TestProofs(t *testing.T) {
	by := logTrusted(t)
	for name, r := range records(t) {
		leaf, err := provedByOne(t, r[0], r[1])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := proved(append(leaf, ' '), r[1], by); err == nil {
			t.Errorf("%s holds for another leaf", name)
		}
		head, _, _ := bytes.Cut(r[1], []byte("\n\n"))
		lines := bytes.Split(head, []byte("\n"))
		if len(lines) == 2 {
			continue // the first entry of a log of one has no hashes
		}
		flipped := []byte(flip64(string(lines[len(lines)-1])).(string))
		if err := proved(leaf, bytes.Replace(r[1], lines[len(lines)-1], flipped, 1), by); err == nil {
			t.Errorf("%s holds with another hash", name)
		}
	}
}

// TestLeafIsInTheLog finds each leaf, built here, in the entry bundles that the log publishes.
func TestLeafIsInTheLog(t *testing.T) {
	entries := map[string]bool{}
	found, err := filepath.Glob(filepath.Join(evidence.dir, ".marketops", "log", "tile", "entries", "*", "*"))
	must(t, err)
	for _, path := range found {
		var b api.EntryBundle
		must(t, b.UnmarshalText(read(t, path)))
		for _, e := range b.Entries {
			entries[string(e)] = true
		}
	}
	for name, r := range records(t) {
		leaf, err := provedByOne(t, r[0], r[1])
		if err != nil || !entries[string(leaf)] {
			t.Errorf("%s: the log does not hold\n%s", name, leaf)
		}
	}
	t.Logf("%d entries", len(entries))
}

func hashBundle(text []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(text); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, e := range b.Entries {
		out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return out, nil
}

func fscked(t *testing.T, dir string) error {
	f := client.FileFetcher{Root: dir}
	return fsck.New(origin, logTrusted(t), f, hashBundle, fsck.Opts{N: 1}).Check(context.Background())
}

func TestFsck(t *testing.T) {
	log := filepath.Join(evidence.dir, ".marketops", "log")
	must(t, fscked(t, log))
	for _, what := range []string{"checkpoint", "tile/0/*/*", "tile/entries/*/*"} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(log)))
			must(t, fscked(t, dir))
			found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(what)))
			must(t, err)
			if len(found) == 0 {
				t.Fatal("there is no such file")
			}
			for _, path := range found {
				must(t, os.Chmod(path, 0o644))
				flipAt(t, path, len(read(t, path))-10)
			}
			if fscked(t, dir) == nil {
				t.Error("a changed log passes")
			}
		})
	}
}
