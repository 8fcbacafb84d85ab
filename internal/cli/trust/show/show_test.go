package show

import (
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "trust.json", Exit: cli.ExitUsage, Says: "unknown command"},
		clitest.Refusal{Line: "", Exit: cli.ExitError, Says: "state-missing"},
		clitest.Refusal{Line: "--trust none.json", Exit: cli.ExitRefused, Says: "trust-missing"},
	)
}

// TestEveryMember: nothing of a trust file is believed that was not shown.
func TestEveryMember(t *testing.T) {
	w := logworld.New()
	w.File.Revokers = w.File.Resolvers
	w.File.Persons[0].Keys[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 4711}}
	w.File.KnownCheckpoints = []receipt.CheckpointRef{{Origin: logworld.Origin, Size: 815, Root: log.Hash{7}}}
	w.File.LogKeyEnds = []trust.LogKeyEnd{{Vkey: w.Log.Vkey(), Size: 31337}}
	clitest.Write(t, clitest.Enter(t), "trust.json", w.TrustBytes())
	r := clitest.Run(clitest.Of(New), "--trust", "trust.json")
	if hidden := clitest.Unshown(t, w.Trust().File(), r.Out, "schema", "alg", "log_policy"); r.Exit != cli.ExitDone || len(hidden) > 0 {
		t.Errorf("exit %d, not shown: %q\n%s%s", r.Exit, hidden, r.Out, r.Err)
	}
}

func TestShow(t *testing.T) {
	w := logworld.New()
	clitest.Write(t, clitest.Enter(t), "trust.json", w.TrustBytes())
	r := clitest.Run(clitest.Of(New), "--trust", "trust.json")
	for _, want := range []string{"digest\t" + w.Trust().Digest().String() + "\n", "version\t1\n", "\nauthority\t", "\napprove\t"} {
		if r.Exit != cli.ExitDone || !strings.Contains(r.Out, want) {
			t.Errorf("exit %d, %q is not in\n%s%s", r.Exit, want, r.Out, r.Err)
		}
	}
}
