package topics

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/spf13/cobra"
)

// TestTopics: the help pages name every exit code and every code of a refusal.
func TestTopics(t *testing.T) {
	text := map[string]string{}
	for _, c := range New() {
		text[c.Name()] = c.Long
	}
	for _, c := range cli.ExitCodes {
		if !strings.Contains(text["exit-codes"], "  "+fmt.Sprint(c.Code)+" ") {
			t.Errorf("exit code %d is not explained", c.Code)
		}
	}
	for _, c := range marketops.Codes {
		if !strings.Contains(text["refusals"], "\n"+string(c.Code)+"\n") {
			t.Errorf("%s is not explained", c.Code)
		}
	}
}

func TestMan(t *testing.T) {
	dir := t.TempDir()
	r := clitest.Run(func(*cli.Streams) *cobra.Command {
		root := cli.Group("program", "do things", NewMan())
		return root
	}, "man", dir)
	b, err := os.ReadFile(filepath.Join(dir, "program.1"))
	if r.Exit != cli.ExitDone || err != nil || !strings.Contains(string(b), "do things") {
		t.Errorf("%+v %v", r, err)
	}
}
