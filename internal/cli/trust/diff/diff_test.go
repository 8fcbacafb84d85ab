package diff

import (
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
)

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "trust.json", Exit: cli.ExitUsage, Says: "accepts 2 arg(s)"},
		clitest.Refusal{Line: "none.json none.json", Exit: cli.ExitRefused, Says: "trust-missing"},
	)
}

// TestSame: a file differs in nothing from itself.
func TestSame(t *testing.T) {
	w := logworld.New()
	clitest.Write(t, clitest.Enter(t), "trust.json", w.TrustBytes())
	r := clitest.Run(clitest.Of(New), "trust.json", "trust.json")
	if want := "the same file: " + w.Trust().Digest().String() + "\n"; r.Exit != cli.ExitDone || r.Out != want {
		t.Errorf("exit %d\n%s%s", r.Exit, r.Out, r.Err)
	}
}
