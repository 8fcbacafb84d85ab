package sigstore

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"w.mopack --op 1 -o out":                  {Source: "w.mopack", Operation: 1, Record: "receipt", Out: "out"},
		"w.mopack --op 2 -o out --record outcome": {Source: "w.mopack", Operation: 2, Record: "outcome", Out: "out"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "w.mopack -o out", Exit: cli.ExitUsage, Says: "--op must name an operation"},
		clitest.Refusal{Line: "w.mopack --op 1", Exit: cli.ExitUsage, Says: "-o must name the folder"},
		clitest.Refusal{Line: "w.mopack --op 1 -o out --record claim", Exit: cli.ExitUsage, Says: `--record is "claim"`},
		clitest.Refusal{Line: "w.mopack --op 1 -o /", Exit: cli.ExitUsage, Says: "not an empty folder"},
	)
}

// TestNothing is written if the evidence is not verified.
func TestNothing(t *testing.T) {
	w := logworld.New()
	w.Live()
	dir := clitest.Enter(t)
	clitest.Evidence(t, dir, w)
	clitest.Write(t, dir, "damaged.mopack", w.PackBytes()[1:])
	for line, want := range map[string]string{
		"w.mopack --op 1 -o out":                          "trust-missing",
		"damaged.mopack --op 1 -o out --trust trust.json": "pack-malformed",
	} {
		r := clitest.Run(clitest.Of(New), strings.Fields(line)...)
		if r.Exit != cli.ExitUnverified || !strings.Contains(r.Out, want) || !strings.Contains(r.Err, "nothing was exported") {
			t.Errorf("%s: %+v", line, r)
		}
		if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
			t.Errorf("%s: the folder was made", line)
		}
	}
}

func TestCommandLine(t *testing.T) {
	if got := commandLine([]string{"cosign", "a b", "it's", "x/y.json"}); got != `cosign 'a b' 'it'\''s' x/y.json` {
		t.Error(got)
	}
}
