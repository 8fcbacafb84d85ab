package env_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/test/clitest"
)

// TestState: the nearest .marketops upward, which is a folder.
func TestState(t *testing.T) {
	dir := clitest.Enter(t)
	if _, err := env.State(); marketops.CodeOf(err) != marketops.StateMissing {
		t.Error(err)
	}
	clitest.Write(t, dir, ".marketops/trust.json", nil)
	clitest.Write(t, dir, "a/.marketops", nil)
	clitest.Write(t, dir, "a/b/file", nil)
	t.Chdir(filepath.Join(dir, "a", "b"))
	if got, err := env.State(); err != nil || got != filepath.Join(dir, ".marketops") {
		t.Errorf("%s %v", got, err)
	}
}

// TestMemory lies outside every project.
func TestMemory(t *testing.T) {
	dir := clitest.Enter(t)
	if got, err := env.Memory(); err != nil || got != filepath.Join(dir, ".local", "state", "marketops") {
		t.Errorf("%s %v", got, err)
	}
	t.Setenv("XDG_STATE_HOME", "relative")
	if got, _ := env.Memory(); got != filepath.Join(dir, ".local", "state", "marketops") {
		t.Error(got)
	}
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "x"))
	if got, err := env.Memory(); err != nil || got != filepath.Join(dir, "x", "marketops") {
		t.Errorf("%s %v", got, err)
	}
}

// TestIgnored: variables that would choose whom to believe are taken away and named.
func TestIgnored(t *testing.T) {
	t.Setenv("SSL_CERT_FILE", "/evil.pem")
	t.Setenv("SSL_CERT_DIR", "")
	t.Setenv("HTTPS_PROXY", "http://proxy.example.com")
	t.Setenv("GH_HOST", "github.com")
	t.Setenv("GITHUB_API_URL", "https://evil.example.com/")
	var talk bytes.Buffer
	e := env.New(&cli.Streams{Err: &talk})
	if os.Getenv("SSL_CERT_FILE") != "" {
		t.Error("the variable is still set")
	}
	e.WarnIgnored(config.DefaultGitHub())
	for name, want := range map[string]bool{"SSL_CERT_FILE": true, "HTTPS_PROXY": true, "GITHUB_API_URL": true, "SSL_CERT_DIR": false} {
		if strings.Contains(talk.String(), name) != want {
			t.Errorf("%s: %q", name, talk.String())
		}
	}
}
