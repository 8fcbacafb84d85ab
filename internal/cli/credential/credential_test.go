package credential_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/credential"
	"github.com/omega/marketops/internal/config"
)

// TestLate: a credential is read when it is asked for, and a missing one is named by its source.
func TestLate(t *testing.T) {
	ctx := context.Background()
	for what, gh := range map[string]config.GitHub{
		"env://NO_SUCH_TOKEN": {Token: "env://NO_SUCH_TOKEN"},
		"none.pem":            {App: &config.App{ID: 1, Installation: 2, Key: "none.pem"}},
	} {
		c := credential.New(t.TempDir(), gh)
		if err := c.Ready(ctx); marketops.CodeOf(err) != marketops.TokenMissing || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := c.Token(ctx); marketops.CodeOf(err) != marketops.TokenMissing {
			t.Errorf("%s: %v", what, err)
		}
		c.Deny("a token that GitHub did not accept")
	}
	t.Setenv("SOME_TOKEN", "ghp_secret1234")
	c := credential.New(t.TempDir(), config.GitHub{API: "https://api.github.com/", Token: "env://SOME_TOKEN"})
	if secret, err := c.Token(ctx); err != nil || secret != "ghp_secret1234" || c.Ready(ctx) != nil {
		t.Errorf("%v", err)
	}
	if name, err := c.Name(ctx); err != nil || strings.Contains(name, "secret") {
		t.Errorf("%s %v", name, err)
	}
}

// TestForReading: the token for reading is another than the one that writes. Without one there is none, and one that
// others may read is refused.
func TestForReading(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	t.Setenv("WRITE_TOKEN", "ghp_write1234")
	gh := config.GitHub{API: "https://api.github.com/", Token: "env://WRITE_TOKEN", ReadToken: "./read"}
	c, err := credential.ForReading(dir, gh)
	if err != nil {
		t.Fatal(err)
	}
	if secret, err := c.Token(ctx); secret != "" || marketops.CodeOf(err) != marketops.TokenMissing || c.Ready(ctx) == nil {
		t.Errorf("%q %v", secret, err)
	}
	file := filepath.Join(dir, "read")
	if err := os.WriteFile(file, []byte("ghp_read1234\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := credential.ForReading(dir, gh); marketops.CodeOf(err) != marketops.ConfigInvalid {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = credential.ForReading(dir, gh); err != nil {
		t.Fatal(err)
	}
	secret, err := c.Token(ctx)
	name, nameErr := c.Name(ctx)
	if secret != "ghp_read1234" || err != nil || nameErr != nil || strings.Contains(name, "read") || c.Ready(ctx) != nil {
		t.Errorf("%q %v %q %v", secret, err, name, nameErr)
	}
}
