package audit

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier/offline"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	at := logworld.Start
	clitest.Flags(t, note, map[string]Options{
		"": {},
		"--log l --records r --operations o --previous p --since s --evidence e --resume f --at " + at.String(): {offline.AuditOptions{
			Judging: offline.Judging{At: at}, Log: "l", Records: "r", Operations: "o", Previous: "p", Since: "s", Evidence: "e", Resume: "f"}},
		"--hash-only": {offline.AuditOptions{HashOnly: true}},
	})
}

// TestAudit reads folders and verifies a log, with no Core anywhere.
func TestAudit(t *testing.T) {
	w := logworld.New()
	w.Live()
	dir := clitest.Enter(t)
	clitest.Evidence(t, dir, w)
	clitest.Write(t, dir, "state", []byte("no state"))
	if err := os.Mkdir("empty", 0o700); err != nil {
		t.Fatal(err)
	}
	const all = "--trust trust.json --log log --records records "
	for _, c := range []clitest.Refusal{
		{Line: all, Exit: cli.ExitDone, Says: "\nverified"},
		{Line: all + "--operations operations --json", Exit: cli.ExitDone, Says: `"verdict":"verified"`},
		{Line: all + "--resume new", Exit: cli.ExitDone, Says: "\nverified"},
		{Line: all + "--resume new", Exit: cli.ExitDone, Says: "taken from the resume file"},
		{Line: all + "--resume state", Exit: cli.ExitUnverified, Says: "config-invalid"},
		{Line: all + "--hash-only", Exit: cli.ExitUnverified, Says: "indeterminate"},
		{Line: "--log log --records records", Exit: cli.ExitUnverified, Says: "trust-missing"},
		{Line: all + "--hash-only --resume new", Exit: cli.ExitUsage, Says: "keeps no state to --resume from"},
		{Line: all, Exit: cli.ExitDone, Says: "operation document of 1 of 1 receipt was not given"},
		{Line: all + "--operations empty", Exit: cli.ExitDone, Says: "operation document of 1 of 1 receipt was not given"},
		{Line: all + "--operations log", Exit: cli.ExitUnverified, Says: "checkpoint: operation-mismatch"},
		{Line: all + "--operations trust.json", Exit: cli.ExitError, Says: "name the folder with --operations"},
		{Line: all + "--operations none", Exit: cli.ExitError, Says: "name the folder with --operations"},
		{Line: all + "--since none", Exit: cli.ExitError, Says: "name a file with a checkpoint"},
		{Line: "--trust trust.json --log http://log.example.com/ --records records", Exit: cli.ExitUsage, Says: "--log"},
		{Line: "--trust trust.json --log log", Exit: cli.ExitError, Says: "state-missing"},
		{Line: "extra", Exit: cli.ExitUsage, Says: "unknown command"},
	} {
		if r := clitest.Run(clitest.Of(New), strings.Fields(c.Line)...); r.Exit != c.Exit || !strings.Contains("\n"+r.Out+r.Err, c.Says) {
			t.Errorf("%s: exit %d, want %d and %q\n%s%s", c.Line, r.Exit, c.Exit, c.Says, r.Out, r.Err)
		}
	}
}
