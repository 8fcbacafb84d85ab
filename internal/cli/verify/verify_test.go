package verify

import (
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	at := logworld.Start
	clitest.Flags(t, note, map[string]Options{
		"w.mopack": {File: "w.mopack"},
		"w.mopack --require quorum --subject dist --checkpoint c --evidence e --at " + at.String(): {File: "w.mopack", Options: offline.Options{
			Judging: offline.Judging{At: at}, Require: verifier.Quorum, Subject: "dist", Checkpoint: "c", Evidence: "e"}},
		"--min-trust-version 7 w.mopack": {File: "w.mopack", Options: offline.Options{Judging: offline.Judging{Pin: verifier.Pin{MinVersion: 7}}}},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "w.mopack --require most", Exit: cli.ExitUsage, Says: "is no level"},
		clitest.Refusal{Line: "w.mopack --subject=", Exit: cli.ExitUsage, Says: "no name is given"},
		clitest.Refusal{Line: "w.mopack --trust-digest sha256:" + strings.Repeat("0", 64), Exit: cli.ExitUsage, Says: "the digest of no file"},
		clitest.Refusal{Line: "w.mopack", Exit: cli.ExitError, Says: "source-unreadable"},
	)
}

// TestVerify needs nothing but the pack and the trust file.
func TestVerify(t *testing.T) {
	w := logworld.New()
	w.Live()
	clitest.Evidence(t, clitest.Enter(t), w)
	for line, exit := range map[string]int{
		"w.mopack --trust trust.json --at 2026-03-01T13:00:00Z":                  cli.ExitDone,
		"w.mopack --trust trust.json --at 2026-03-01T13:00:00Z --require quorum": cli.ExitUnverified,
		"w.mopack --at 2026-03-01T13:00:00Z":                                     cli.ExitUnverified,
	} {
		for _, more := range []string{"", " --json"} {
			r := clitest.Run(clitest.Of(New), strings.Fields(line+more)...)
			if r.Exit != exit || r.Out == "" || strings.HasPrefix(r.Out, "{") != (more != "") {
				t.Errorf("%s: %+v", line+more, r)
			}
		}
	}
}
