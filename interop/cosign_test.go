//go:build cosign

package interop

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const cosignVersion = "v3.1.3"

// cosign is the foreign program in a world without anything: no network where the system lets us
// take it away, an empty home, no environment but what a test adds.
type cosign struct {
	path, home string
	offline    bool
}

func newCosign(t *testing.T) *cosign {
	path := os.Getenv("MARKETOPS_COSIGN")
	if path == "" {
		t.Fatal("MARKETOPS_COSIGN does not name a cosign " + cosignVersion + " to test with: make interop")
	}
	c := &cosign{path: path, home: t.TempDir()}
	c.offline = exec.Command("unshare", "-rn", "true").Run() == nil
	if !c.offline {
		t.Log("this system gives no network namespace: cosign runs with a network that it must not need")
	}
	out, err := c.run(nil, "version")
	if err != nil || !strings.Contains(out, cosignVersion) {
		t.Fatalf("%s is not cosign %s: %v\n%s", path, cosignVersion, err, out)
	}
	return c
}

// run returns both outputs as one text.
func (c *cosign) run(env []string, args ...string) (string, error) {
	words := append([]string{c.path}, args...)
	if c.offline {
		words = append([]string{"unshare", "-rn", "--"}, words...)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env = c.home, append([]string{"HOME=" + c.home, "PATH="}, env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// verify runs the command that the export printed, on a copy of what it wrote.
func (c *cosign) verify(t *testing.T, e *export, f folder, artifact string) (string, error) {
	s := e.Signatures[0]
	swap := map[string]string{s.Public: f.key, s.Bundle: f.bundle, e.TrustedRoot: f.root, e.Document: artifact}
	if s.Command[0] != "cosign" || strings.Contains(strings.Join(s.Command, " "), "insecure") {
		t.Fatalf("the printed command is %q", s.Command)
	}
	args := slices.Clone(s.Command[1:])
	for i, a := range args {
		if to, ok := swap[a]; ok {
			args[i] = to
			delete(swap, a)
		}
	}
	if len(swap) != 0 {
		t.Fatalf("the printed command %q does not use %v", s.Command, swap)
	}
	return c.run(nil, args...)
}

func TestCosignVerifies(t *testing.T) {
	c := newCosign(t)
	for name, v := range map[string]struct {
		e        *export
		artifact string
	}{
		"receipt of a release": {evidence.receipt, evidence.receipt.Document},
		"outcome of a release": {evidence.outcome, evidence.outcome.Document},
		"receipt of a tag":     {evidence.tag, evidence.tag.Document},
		"downloaded asset":     {evidence.receipt, evidence.asset},
	} {
		out, err := c.verify(t, v.e, copied(t, v.e), v.artifact)
		if err != nil || strings.TrimSpace(out) != "Verified OK" {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestCosignRefuses(t *testing.T) {
	c := newCosign(t)
	for of, e := range map[string]*export{"receipt": evidence.receipt, "outcome": evidence.outcome} {
		f := copied(t, e)
		if out, err := c.verify(t, e, f, f.document); err != nil {
			t.Fatalf("the untouched copy of the %s: %v\n%s", of, err, out)
		}
		for _, bad := range tamperings {
			f := copied(t, e)
			bad.do(t, f)
			if out, err := c.verify(t, e, f, f.document); err == nil || !strings.Contains(out, bad.says) {
				t.Errorf("%s, %s: %v, want it to speak of %q\n%s", of, bad.name, err, bad.says, out)
			}
		}
	}
}

func TestCosignTellsFilesAndTypesApart(t *testing.T) {
	c := newCosign(t)
	changed := filepath.Join(t.TempDir(), "widget.tar.gz")
	must(t, os.WriteFile(changed, append(read(t, evidence.asset), '!'), 0o644))
	for name, artifact := range map[string]string{"changed asset": changed, "the other operation": evidence.tag.Document} {
		if out, err := c.verify(t, evidence.receipt, copied(t, evidence.receipt), artifact); err == nil || !strings.Contains(out, "digest") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	// An outcome does not pass for a receipt: the type is in the command.
	f := copied(t, evidence.outcome)
	if out, err := c.verify(t, evidence.receipt, f, f.document); err == nil || !strings.Contains(out, "predicate") {
		t.Errorf("an outcome was taken for a receipt: %v\n%s", err, out)
	}
}

// TestCosignReadsKeys lets cosign open the private key that marketops encrypted.
func TestCosignReadsKeys(t *testing.T) {
	c := newCosign(t)
	key := filepath.Join(evidence.dir, "person.pem")
	out, err := c.run([]string{"COSIGN_PASSWORD=" + phrase}, "public-key", "--key", key)
	if want := string(read(t, key+".pub")); err != nil || strings.TrimSpace(out) != strings.TrimSpace(want) {
		t.Errorf("cosign reads another key: %v\n%s\nwant\n%s", err, out, want)
	}
	if out, err := c.run([]string{"COSIGN_PASSWORD=another phrase"}, "public-key", "--key", key); err == nil || strings.Contains(out, "PUBLIC KEY") {
		t.Errorf("any passphrase opens it: %v\n%s", err, out)
	}
}
