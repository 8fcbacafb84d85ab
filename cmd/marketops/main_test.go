package main

import (
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

func build(s *cli.Streams) *cobra.Command { return root(env.New(s)) }

// TestCommands: every command explains itself, and a group refuses what is not in it.
func TestCommands(t *testing.T) {
	var visit func(c *cobra.Command, path []string)
	visit = func(c *cobra.Command, path []string) {
		r := clitest.Run(build, append(path, "--help")...)
		if r.Exit != cli.ExitDone || r.Err != "" || c.Short == "" || !strings.Contains(r.Out, strings.TrimSpace(strings.SplitN(c.Use, " ", 2)[0])) && c.Runnable() {
			t.Errorf("%q: %+v", path, r)
		}
		for _, sub := range c.Commands() {
			visit(sub, append(path[:len(path):len(path)], sub.Name()))
		}
		if !c.HasSubCommands() || c.Name() == "plan" {
			return
		}
		if r := clitest.Run(build, append(path, "nonsense")...); r.Exit != cli.ExitUsage || !strings.Contains(r.Err, `"nonsense" is not a command of `+c.CommandPath()) {
			t.Errorf("%q: %+v", path, r)
		}
	}
	visit(build(&cli.Streams{}), nil)
}
