package interop

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/testenv"
	flog "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// buildOmniwitness builds cmd/omniwitness of transparency-dev/witness, unchanged, against the last release of
// merkle and one function that this lacks; see testdata/omniwitness.
func buildOmniwitness(t *testing.T) string {
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "omniwitness"))))
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/transparency-dev/merkle").Output()
	must(t, err)
	added, err := os.ReadFile(filepath.Join(dir, "merkle", "subtree.go"))
	must(t, err)
	must(t, os.RemoveAll(filepath.Join(dir, "merkle")))
	must(t, os.CopyFS(filepath.Join(dir, "merkle"), os.DirFS(strings.TrimSpace(string(out)))))
	must(t, os.Chmod(filepath.Join(dir, "merkle", "proof"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "merkle", "proof", "subtree.go"), added, 0o644))
	bin := filepath.Join(dir, "omniwitness")
	c := exec.Command("go", "build", "-o", bin, "github.com/transparency-dev/witness/cmd/omniwitness")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("omniwitness: %v\n%s", err, out)
	}
	return bin
}

// cosignerKey makes a key in omniwitness's form, and its verifier key of type 0x04.
func cosignerKey(t *testing.T, name string) (skey, vkey string) {
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	must(t, err)
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(vkey, "+", 3)[2])
	must(t, err)
	raw[0] = 4
	id := sha256.Sum256(append([]byte(name+"\n"), raw...))
	return skey, fmt.Sprintf("%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(raw))
}

func freeAddress(t *testing.T) string {
	address, err := testenv.FreeAddress()
	must(t, err)
	return address
}

// omniwitness starts it for one log, with its own database.
func (w *world) omniwitness(t *testing.T, bin, skey, address, logKey string) {
	logs := filepath.Join(w.dir, "logs.yaml")
	must(t, os.WriteFile(logs, fmt.Appendf(nil, "Logs:\n  - Origin: %s\n    PublicKey: %s\n", origin, logKey), 0o644))
	key := filepath.Join(w.dir, "omniwitness.key")
	must(t, os.WriteFile(key, []byte(skey), 0o600))
	c := exec.Command(bin, "--private_key_path", key, "--listen", address, "--metrics_listen", "", "--db_file", filepath.Join(w.dir, "omniwitness.db"), "--additional_logs", logs)
	var talk bytes.Buffer
	c.Stdout, c.Stderr = &talk, &talk
	must(t, c.Start())
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	if err := testenv.Await(answers(address)); err != nil {
		c.Process.Kill()
		c.Wait()
		t.Fatalf("%v\n%s", err, talk.String())
	}
}

func answers(address string) func() error {
	return func() error {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		return c.Close()
	}
}

// TestOmniwitness lets a foreign witness and our own cosign a log that must have both. The policy accepts the
// foreign signature, and a foreign reader accepts both.
func TestOmniwitness(t *testing.T) {
	bin := buildOmniwitness(t)
	w, err := newWorld(evidence.Bin)
	must(t, err)
	defer os.RemoveAll(w.dir)

	skey, foreign := cosignerKey(t, "omniwitness.example")
	_, err = w.run("key", "new", "--plain", "w1.pem")
	must(t, err)
	out, err := w.run("witness", "key", "w1.pem", "--name", "w1.example")
	must(t, err)
	own := strings.TrimSpace(string(out))
	there, here := freeAddress(t), freeAddress(t)
	out, err = w.run("init", "--origin", origin, "--person", "bob", "--approver", "alice", "--witness", foreign+" http://"+there, "--witness", own+" http://"+here, "--json")
	must(t, err)
	var made struct{ Log string }
	must(t, json.Unmarshal(out, &made))
	w.omniwitness(t, bin, skey, there, made.Log)
	_, err = w.Serve("marketops", "witness", "serve", "--key", "w1.pem", "--name", "w1.example", "--listen", here, "--log", made.Log)
	must(t, err)
	must(t, testenv.Await(answers(here)))
	must(t, w.core())
	defer func() { must(t, w.Close()) }() // as long as the foreign witness still answers

	for _, line := range []string{"plan -o run", "submit run", "approve run --key alice.pem", "authorize run", "publish run --mode prod", "pack run -o run.mopack", "verify run.mopack"} {
		_, err := w.run(strings.Fields(line)...)
		must(t, err)
	}
	out, err = w.run("log", "checkpoint", "--json")
	must(t, err)
	var seen struct {
		Size       uint64
		Checkpoint string
		Cosigned   []struct{ Name string }
	}
	must(t, json.Unmarshal(out, &seen))
	if len(seen.Cosigned) != 2 || seen.Cosigned[0].Name != "omniwitness.example" || seen.Size < 8 {
		t.Errorf("%s", out)
	}
	v, err := note.NewVerifier(made.Log)
	one, err1 := fnote.NewVerifierForCosignatureV1(foreign)
	two, err2 := fnote.NewVerifierForCosignatureV1(own)
	must(t, errors.Join(err, err1, err2))
	_, _, n, err := flog.ParseCheckpoint([]byte(seen.Checkpoint), origin, v, one, two)
	if err != nil || len(n.Sigs) != 3 {
		t.Errorf("the foreign reader: %v\n%s", err, seen.Checkpoint)
	}
}
