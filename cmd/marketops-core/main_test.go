package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli"
)

// command runs the command line in this process.
func command(args ...string) (exit int, out, talk string) {
	var o, e bytes.Buffer
	s := &cli.Streams{Name: "marketops-core", Out: &o, Err: &e}
	exit = cli.Main(root(s), s, args)
	return exit, o.String(), e.String()
}

func TestCommandLine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".marketops")
	cases := []struct {
		args []string
		exit int
		talk string
	}{
		{[]string{"init", "--dir", dir}, cli.ExitUsage, "--origin must be given"},
		{[]string{"init", "--dir", dir, "--origin", "http://x/"}, cli.ExitError, "config-invalid"},
		{[]string{"init", "--dir", dir, "--origin", "log.example.com"}, cli.ExitDone, "trust.json"},
		{[]string{"init", "--dir", dir, "--origin", "log.example.com"}, cli.ExitError, "is there already"},
		{[]string{"serve", "--dir", dir + "-none"}, cli.ExitError, "state-missing"},
		{[]string{"serve", "extra"}, cli.ExitUsage, ""},
		{[]string{"nonsense"}, cli.ExitUsage, "nonsense"},
		{[]string{"version"}, cli.ExitDone, ""},
		{[]string{"completion", "bash"}, cli.ExitDone, ""},
	}
	for _, c := range cases {
		if exit, _, talk := command(c.args...); exit != c.exit || !strings.Contains(talk, c.talk) {
			t.Errorf("%q: exit %d, want %d: %s", c.args, exit, c.exit, talk)
		}
	}
}

func TestJSON(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	for _, want := range []string{"marketops.init/v1", "marketops.problem/v1"} {
		_, out, _ := command("init", "--dir", dir, "--origin", "log.example.com", "--json")
		var got struct {
			Schema string `json:"schema"`
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || got.Schema != want {
			t.Errorf("%v: %s", err, out)
		}
	}
}
