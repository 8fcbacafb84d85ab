package exportaudit

import (
	"context"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *cli.Streams, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"copy":         {Dir: ".marketops", Folder: "copy"},
		"copy --dir d": {Dir: "d", Folder: "copy"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, New,
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "copy", Exit: cli.ExitError, Says: "config-invalid"},
		clitest.Refusal{Line: "/", Exit: cli.ExitError, Says: "is not a new or empty folder"},
	)
}
