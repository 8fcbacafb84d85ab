package initialize

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
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
		"--origin log.example.com --person bob --approver alice": {Origin: "log.example.com", Person: "bob", Approver: "alice"},
		"--operator alice --witness a --witness b --quorum 2":    {Operator: "alice", Witnesses: []string{"a", "b"}, Quorum: 2},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "dir", Exit: cli.ExitUsage, Says: "unknown command"},
		clitest.Refusal{Line: "--origin log.example.com --person bob", Exit: cli.ExitUsage, Says: "--origin, --person and --approver are needed"},
	)
}

// TestInit makes a project once and overwrites nothing.
func TestInit(t *testing.T) {
	dir := clitest.Enter(t)
	t.Setenv("MARKETOPS_PASSWORD", "a long passphrase")
	args := strings.Fields("--origin log.example.com --person bob --approver alice")
	r := clitest.Run(clitest.Of(New), args...)
	if r.Exit != cli.ExitDone || !strings.Contains(r.Out, "made alice.pem\n") || !strings.Contains(r.Err, "next: marketops-core serve") {
		t.Fatalf("%+v", r)
	}
	before, err := os.ReadFile(filepath.Join(dir, "alice.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if r := clitest.Run(clitest.Of(New), args...); r.Exit != cli.ExitError || !strings.Contains(r.Err, "is there already") {
		t.Errorf("%+v", r)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "alice.pem")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the key was replaced: %v", err)
	}
}
