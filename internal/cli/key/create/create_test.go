package create

import (
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/key/show"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"k.pem":         {File: "k.pem"},
		"--plain k.pem": {File: "k.pem", Plain: true},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "none/k.pem --plain", Exit: cli.ExitError, Says: "key-unreadable"},
	)
}

// TestKeys: the private file and the public one show the same key, and neither is replaced.
func TestKeys(t *testing.T) {
	clitest.Enter(t)
	t.Setenv("MARKETOPS_PASSWORD", "a long passphrase")
	for _, line := range []string{"plain.pem --plain", "encrypted.pem"} {
		args := strings.Fields(line)
		made := clitest.Run(clitest.Of(New), args...)
		private, public := clitest.Run(clitest.Of(show.New), args[0]), clitest.Run(clitest.Of(show.New), args[0]+".pub")
		if made.Exit != cli.ExitDone || !strings.HasPrefix(made.Out, "id\tSHA256:") || private != made || public != made {
			t.Errorf("%s: %+v\n%+v\n%+v", line, made, private, public)
		}
		if r := clitest.Run(clitest.Of(New), args...); r.Exit != cli.ExitError {
			t.Errorf("%s was replaced: %+v", line, r)
		}
	}
}
