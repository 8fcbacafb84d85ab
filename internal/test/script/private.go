package script

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/rogpeppe/go-internal/testscript"
)

// crawl keeps all that a log of SIZE entries serves at the address that NAME.txt says, and
// demands that nothing private is served beside it.
func crawl(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: crawl NAME DIR")
	}
	at := regexp.MustCompile(`msg=ready address=(\S+)`).FindStringSubmatch(ts.ReadFile(args[0] + ".txt"))
	if at == nil {
		ts.Fatalf("%s has not said where it serves", args[0])
	}
	keep := func(name string) []byte {
		b, status := fetch(ts, "http://"+at[1]+"/"+name)
		if status != http.StatusOK {
			ts.Fatalf("%s: status %d", name, status)
		}
		path := filepath.Join(ts.MkAbs(args[1]), name)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, b, 0o644))
		return b
	}
	var origin string
	var size uint64
	_, err := fmt.Sscanf(string(keep(log.CheckpointPath)), "%s\n%d\n", &origin, &size)
	ts.Check(err)
	if size == 0 || size >= log.TileWidth {
		ts.Fatalf("%d entries; a story's log has one tile", size)
	}
	keep(log.TilePath(0, 0, int(size)))
	keep(log.EntriesPath(0, int(size)))
	for _, path := range []string{"", ".state/treeState", ".marketops.lock", "tile/", "../claims.db", "%2e%2e/claims.db", "records/", "trust.json", "checkpoint.mark", "v1/info"} {
		if b, status := fetch(ts, "http://"+at[1]+"/"+path); status != http.StatusNotFound {
			ts.Fatalf("%q is served: %d %.80q", path, status, b)
		}
	}
}

func fetch(ts *testscript.TestScript, address string) ([]byte, int) {
	resp, err := http.Get(address)
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	return b, resp.StatusCode
}

// unseen demands that no line of FILE can be read in any file below the paths, in no usual
// encoding and not as a plain digest. Negated it demands that every line can.
func unseen(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: unseen FILE PATH…")
	}
	content := below(ts, args[1:])
	for _, word := range strings.Fields(ts.ReadFile(args[0])) {
		found := ""
		for name, form := range forms(word) {
			if bytes.Contains(content, form) {
				found = name
			}
		}
		if (found != "") != neg {
			ts.Fatalf("%q: found as %q in %v", word, found, args[1:])
		}
	}
}

// below joins every regular file below the paths. Nothing at all is no evidence.
func below(ts *testscript.TestScript, paths []string) (all []byte) {
	for _, path := range paths {
		eachFile(ts, path, func(_ string, b []byte) { all = append(append(all, b...), 0) })
	}
	if len(all) == 0 {
		ts.Fatalf("nothing to look into below %v", paths)
	}
	return all
}

// forms are the spellings in which a word could stand in a file.
func forms(word string) map[string][]byte {
	sum := sha256.Sum256([]byte(word))
	wide := sha512.Sum512([]byte(word))
	out := map[string][]byte{
		"itself": []byte(word), "lower case": []byte(strings.ToLower(word)), "upper case": []byte(strings.ToUpper(word)),
		"query": []byte(url.QueryEscape(word)), "path": []byte(url.PathEscape(word)), "percent": []byte(percent(word)),
		"UTF-16": utf16(word), "SHA-256": sum[:], "SHA-512": wide[:],
	}
	for name, b := range map[string][]byte{"of itself": []byte(word), "of SHA-256": sum[:], "of SHA-512": wide[:]} {
		out["hex "+name] = []byte(hex.EncodeToString(b))
		out["HEX "+name] = bytes.ToUpper(out["hex "+name])
		for shift := range 3 {
			for alphabet, e := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.URLEncoding} {
				out[fmt.Sprintf("%s %s, %d bytes in", alphabet, name, shift)] = inBase64(e, b, shift)
			}
		}
	}
	return out
}

// inBase64 is what is always the same of the base64 of a text that has b after shift other bytes.
func inBase64(e *base64.Encoding, b []byte, shift int) []byte {
	text := e.WithPadding(base64.NoPadding).EncodeToString(append(make([]byte, shift), b...))
	first := (8*shift + 5) / 6
	return []byte(text[first : (shift+len(b))*8/6])
}

func percent(word string) (s string) {
	for _, c := range []byte(word) {
		s += fmt.Sprintf("%%%02X", c)
	}
	return s
}

func utf16(word string) (b []byte) {
	for _, c := range []byte(word) {
		b = append(b, c, 0)
	}
	return b
}

// unguessable plays an observer who has all that a log publishes and guesses the content of each
// record rightly, all but its nonce. Neither digest nor signature of a leaf confirms the guess; with
// the nonce, the control, both do.
func unguessable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unguessable PUBLIC RECORDS")
	}
	public := below(ts, args[:1])
	records, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "??", "*.json"))
	ts.Check(err)
	if len(records) < 5 {
		ts.Fatalf("%d records", len(records))
	}
	for _, path := range records {
		raw, err := os.ReadFile(path)
		ts.Check(err)
		var env struct {
			Payload    []byte
			Signatures []struct{ Sig []byte }
		}
		ts.Check(json.Unmarshal(raw, &env))
		nonce := regexp.MustCompile(`"nonce":"([0-9a-f]{32})"`).FindSubmatch(env.Payload)
		if nonce == nil {
			ts.Fatalf("%s has no nonce", path)
		}
		sig := env.Signatures[0].Sig
		if !confirmed(public, env.Payload, sig) {
			ts.Fatalf("the control failed: %s is not a leaf", path)
		}
		for _, other := range []string{strings.Repeat("0", 32), strings.Repeat("f", 32), "", hex.EncodeToString(sig[:16])} {
			if confirmed(public, bytes.Replace(env.Payload, nonce[1], []byte(other), 1), sig) {
				ts.Fatalf("%s: a guess without the nonce is confirmed", path)
			}
		}
		named(ts, public, env.Payload)
	}
}

// confirmed reports whether a leaf that carries sig commits to the payload, by digest or by signature.
func confirmed(public, payload, sig []byte) bool {
	pae := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(receipt.PayloadType), receipt.PayloadType, len(payload), payload)
	sum := sha512.Sum512(pae)
	by := bytes.Index(public, []byte(base64.StdEncoding.EncodeToString(sum[:])))
	if by >= 0 {
		return true
	}
	at := bytes.Index(public, []byte(base64.StdEncoding.EncodeToString(sig)))
	if at < 0 {
		return false
	}
	key := regexp.MustCompile(`"rawBytes":"([^"]+)"`).FindSubmatch(public[at:])
	der, err := base64.StdEncoding.DecodeString(string(key[1]))
	if err != nil {
		return false
	}
	_, err = crypto.ParseSPKI(der)
	return err == nil && ed25519.Verify(ed25519.PublicKey(der[len(der)-32:]), pae, sig)
}

// named demands that no digest which a record names can be recognised in what is public: an
// operation, a plan and a policy can be guessed and hashed by anybody.
func named(ts *testscript.TestScript, public, payload []byte) {
	for _, d := range regexp.MustCompile(`sha256:[0-9a-f]{64}`).FindAllString(string(payload), -1) {
		digest, err := marketops.ParseDigest(d)
		ts.Check(err)
		if digest.IsZero() {
			continue
		}
		for _, form := range [][]byte{digest[:], []byte(digest.Hex()), inBase64(base64.StdEncoding, digest[:], 0)} {
			if bytes.Contains(public, form) {
				ts.Fatalf("%s can be read in what is public", d)
			}
		}
	}
}
