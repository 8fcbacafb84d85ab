package show

import (
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
)

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "trust.json", Exit: cli.ExitUsage, Says: "unknown command"},
		clitest.Refusal{Line: "", Exit: cli.ExitError, Says: "state-missing"},
		clitest.Refusal{Line: "--trust none.json", Exit: cli.ExitRefused, Says: "trust-missing"},
	)
}

func TestShow(t *testing.T) {
	w := logworld.New()
	clitest.Write(t, clitest.Enter(t), "trust.json", w.TrustBytes())
	r := clitest.Run(clitest.Of(New), "--trust", "trust.json")
	for _, want := range []string{"digest\t" + w.Trust().Digest().String() + "\n", "version\t7\n", "\nauthority\t", "\napprove\t"} {
		if r.Exit != cli.ExitDone || !strings.Contains(r.Out, want) {
			t.Errorf("exit %d, %q is not in\n%s%s", r.Exit, want, r.Out, r.Err)
		}
	}
}
