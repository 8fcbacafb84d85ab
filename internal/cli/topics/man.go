package topics

import (
	"github.com/omega/marketops/internal/cli"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// NewMan returns the command man, which writes the manual pages of its program.
func NewMan() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages into a folder", Hidden: true, Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Title: "MARKETOPS", Section: "1", Source: "marketops", Manual: "marketops"}, args[0])
		},
	}
}
