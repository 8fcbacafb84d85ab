// Package version is the command version of marketops and of marketops-core.
package version

import (
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/version"
	"github.com/spf13/cobra"
)

// New returns the command. prefix stands before the version in the line for people.
func New(s *cli.Streams, short, prefix string) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: short, Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return run(s, prefix) },
	}
}

// AddFlag gives a program the flag --version, which does what the command does.
func AddFlag(root *cobra.Command, s *cli.Streams, prefix string) {
	given, otherwise := root.Flags().Bool("version", false, "print the version"), root.RunE
	root.RunE = func(c *cobra.Command, args []string) error {
		if *given && len(args) == 0 {
			return run(s, prefix)
		}
		return otherwise(c, args)
	}
}

func run(s *cli.Streams, prefix string) error {
	v := version.String()
	s.Print("%s%s", prefix, v)
	return s.Result(struct {
		Schema  string `json:"schema"`
		Version string `json:"version"`
	}{"marketops.version/v1", v})
}
