package checkpoint

import (
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
)

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "7", Exit: cli.ExitUsage, Says: "unknown command"},
		clitest.Refusal{Line: "", Exit: cli.ExitError, Says: "state-missing"},
	)
}
