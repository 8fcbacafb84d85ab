package version

import (
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/version"
	"github.com/spf13/cobra"
)

func TestVersion(t *testing.T) {
	build := func(s *cli.Streams) *cobra.Command { return New(s, "print it", "program ") }
	want := version.String()
	if r := clitest.Run(build); r.Exit != cli.ExitDone || r.Out != "program "+want+"\n" {
		t.Errorf("%+v", r)
	}
	if r := clitest.Run(build, "--json"); r.Exit != cli.ExitDone || !strings.Contains(r.Out, `"version": "`+want+`"`) {
		t.Errorf("%+v", r)
	}
	flag := func(s *cli.Streams) *cobra.Command {
		c := cli.Group("program", "do things")
		AddFlag(c, s, "program ")
		return c
	}
	if r := clitest.Run(flag, "--version"); r.Exit != cli.ExitDone || r.Out != "program "+want+"\n" {
		t.Errorf("%+v", r)
	}
	if r := clitest.Run(flag, "--version", "extra"); r.Exit != cli.ExitUsage {
		t.Errorf("%+v", r)
	}
	if r := clitest.Run(build, "extra"); r.Exit != cli.ExitUsage {
		t.Errorf("%+v", r)
	}
}
