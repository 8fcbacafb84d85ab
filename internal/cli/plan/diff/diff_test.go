package diff

import (
	"maps"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"old new": {Old: "old", New: "new"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "old", Exit: cli.ExitUsage, Says: "accepts 2 arg(s)"},
		clitest.Refusal{Line: "old new", Exit: cli.ExitError, Says: "state-missing"},
	)
}

// TestFlatten names the elements of a list that have a name by it.
func TestFlatten(t *testing.T) {
	got := map[string]string{}
	flatten(got, nil, map[string]any{"tag": "v1", "assets": []any{map[string]any{"name": "a", "size": 1.0}, map[string]any{"size": 2.0}}})
	want := map[string]string{"tag": "v1", "assets.a.name": "a", "assets.a.size": "1", "assets.1.size": "2"}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
