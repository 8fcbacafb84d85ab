package restore

import (
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ *cli.Streams, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"copy --seen a --seen b": {Dir: ".marketops", Folder: "copy", Seen: []string{"a", "b"}},
		"copy --unseen --dir d":  {Dir: "d", Folder: "copy", Unseen: true},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, New,
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "copy --seen none", Exit: cli.ExitError, Says: "a checkpoint that was seen"},
		clitest.Refusal{Line: "copy", Exit: cli.ExitError, Says: "is no complete backup"},
	)
}
