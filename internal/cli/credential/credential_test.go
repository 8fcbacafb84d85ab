package credential_test

import (
	"context"
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
