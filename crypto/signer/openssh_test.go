package signer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

// TestOpenSSHKeys: a public key of OpenSSH is that of its private file, as a line and as a file; others are refused.
func TestOpenSSHKeys(t *testing.T) {
	dir, path := t.TempDir(), filepath.Join("testdata", "ssh")
	text, err := os.ReadFile(path + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	private, err := parsePrivate(path, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{path + ".pub", string(line), strings.TrimSpace(string(line))} {
		if k, err := LoadPublicKey(ref); err != nil || k.ID() != private.Public().ID() {
			t.Errorf("%q: %v", ref, err)
		}
	}
	for name, text := range map[string]string{
		"an option":      `restrict ` + string(line),
		"two keys":       string(line) + string(line),
		"RSA":            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQC x",
		"a broken key":   "ssh-ed25519 AAAA x",
		"a weak key":     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA x",
		"a security key": "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1EaAAAABHNzaDo= x",
		"nothing":        "",
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if k, err := LoadPublicKey(file); marketops.CodeOf(err) != marketops.KeyUnreadable || !k.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
}
