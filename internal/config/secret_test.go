package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

// Text in the shape of a token, so that a leak through any door is found by this string.
const canary = "gh" + "p_c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4"

func TestSecretReferences(t *testing.T) {
	for _, ref := range []string{"env://A", "env://GITHUB_TOKEN", "./token", "../t", "/run/secrets/github", `C:\token`, "C:/token"} {
		if err := checkSecretRef(ref); err != nil {
			t.Errorf("%q: %v", ref, err)
		}
	}
	for _, ref := range []string{
		"", canary, "./" + canary, "env://" + canary, "env://", "env://A=B", "env://a b", "env:A", "hunter2hunter2", "token",
		"github_pat_" + strings.Repeat("A1", 30), "/" + strings.Repeat("0a", 20), "-----BEGIN PRIVATE KEY-----", "/a\nb", "https://x", "Bearer x",
	} {
		text := fmt.Sprintf("version: 1\ngithub:\n  token: %q\n", ref)
		_, err := Parse("marketops.yaml", []byte(text))
		if !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), "marketops.yaml:3: github.token") {
			t.Errorf("%q: got %v", ref, err)
		}
		if err != nil && len(ref) > 8 && strings.Contains(err.Error(), strings.TrimPrefix(ref, "env://")) {
			t.Errorf("the error shows the literal: %v", err)
		}
		if _, err := ReadSecret("", ref); !errors.Is(err, marketops.ConfigInvalid) || len(ref) > 8 && strings.Contains(err.Error(), ref) {
			t.Errorf("%q: ReadSecret: %v", ref, err)
		}
	}
}

// A broken line of YAML must not bring the excerpt of the file, which the decoder adds, into an error.
func TestErrorsShowNoExcerpt(t *testing.T) {
	for _, text := range []string{
		"version: 1\ngithub:\n  token: " + canary + "\n  token: x\n",
		"version: 1\ngithub:\n  token: " + canary + "\n   bad: [\n",
		"version: 1\ngithub:\n  token: [" + canary + "]\n",
		"version: 1\ngithub:\n  token: {a: " + canary + "}\n",
		"version: 1\ncore: \"" + canary + "\n",
		"version: 1\ngithub: {" + canary + ": x}\n",
		"version: one # " + canary + "\n",
	} {
		if _, err := Parse("m.yaml", []byte(text)); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestTokensAreTwo(t *testing.T) {
	for _, text := range []string{"{read_token: env://GITHUB_TOKEN}", "{token: env://MARKETOPS_READ_TOKEN}", "{token: ./t, read_token: ./t}"} {
		_, err := Parse("m.yaml", []byte("version: 1\ngithub: "+text+"\n"))
		if !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), "name one secret") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return "./" + name
	}
	t.Setenv("MARKETOPS_TEST_TOKEN", canary)
	t.Setenv("MARKETOPS_TEST_EMPTY", "")
	t.Setenv("MARKETOPS_TEST_LINES", canary+"\r\nX-Evil: 1")
	for _, ref := range []string{"env://MARKETOPS_TEST_TOKEN", write("t", canary+"\n", 0o600), filepath.Join(dir, "t")} {
		if s, err := ReadSecret(dir, ref); err != nil || s.Reveal() != canary {
			t.Errorf("%s: %v", ref, err)
		}
	}
	bad := map[string]marketops.Code{
		"env://MARKETOPS_TEST_EMPTY":                          marketops.TokenMissing,
		"env://MARKETOPS_TEST_UNSET":                          marketops.TokenMissing,
		"./absent":                                            marketops.TokenMissing,
		write("empty", "\n", 0o600):                           marketops.TokenMissing,
		"env://MARKETOPS_TEST_LINES":                          marketops.ConfigInvalid,
		write("two", canary+"\n"+canary, 0o600):               marketops.ConfigInvalid,
		write("big", strings.Repeat("x", MaxSecret+1), 0o600): marketops.ConfigInvalid,
		dir: marketops.ConfigInvalid,
	}
	if runtime.GOOS != "windows" {
		bad[write("open", canary, 0o644)] = marketops.ConfigInvalid
	}
	for ref, code := range bad {
		s, err := ReadSecret(dir, ref)
		if !errors.Is(err, code) || !s.IsZero() || strings.Contains(fmt.Sprint(err), canary) {
			t.Errorf("%s: got %v, want %s", ref, err, code)
		}
	}
}

// A key has several lines; everything else is held to the same rules as a token.
func TestReadKey(t *testing.T) {
	dir := t.TempDir()
	const key = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----"
	path := filepath.Join(dir, "app.pem")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := ReadKey(dir, "./app.pem"); err != nil || s.Reveal() != key {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
	if s, err := ReadSecret(dir, "./app.pem"); !errors.Is(err, marketops.ConfigInvalid) || !s.IsZero() {
		t.Errorf("a key passed for a token: %v", err)
	}
	t.Setenv("APP_KEY", key)
	if s, err := ReadKey(dir, "env://APP_KEY"); err != nil || s.Reveal() != key {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
	for ref, want := range map[string]marketops.Code{"./absent.pem": marketops.TokenMissing, "env://ABSENT": marketops.TokenMissing, key: marketops.ConfigInvalid} {
		if _, err := ReadKey(dir, ref); !errors.Is(err, want) || strings.Contains(err.Error(), "MIIB") {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKey(dir, "./app.pem"); !errors.Is(err, marketops.ConfigInvalid) {
		t.Errorf("others can read it: %v", err)
	}
}
