// Package clitest runs one command inside a test: what its flags mean, what it refuses without a Core,
// and what it prints.
package clitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/spf13/cobra"
)

// Result is what a command did.
type Result struct {
	Exit     int
	Out, Err string
}

// Run runs a command of any program that has these streams.
func Run(build func(*cli.Streams) *cobra.Command, args ...string) Result {
	var out, err bytes.Buffer
	s := &cli.Streams{Name: "program", Out: &out, Err: &err}
	exit := cli.Main(build(s), s, args)
	return Result{exit, out.String(), err.String()}
}

// Of makes a command of marketops one for [Run].
func Of(build func(*env.Env) *cobra.Command) func(*cli.Streams) *cobra.Command {
	return func(s *cli.Streams) *cobra.Command {
		e := env.New(s)
		c := build(e)
		e.Bind(c.Flags())
		return c
	}
}

// Flags demands that each command line means these options. note returns a command that does nothing
// but note them.
func Flags[O any](t *testing.T, note func(*O) *cobra.Command, cases map[string]O) {
	t.Helper()
	for line, want := range cases {
		var got O
		r := Run(func(*cli.Streams) *cobra.Command { return note(&got) }, strings.Fields(line)...)
		if r.Exit != cli.ExitDone || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: exit %d, %+v, want %+v\n%s", line, r.Exit, got, want, r.Err)
		}
	}
}

// Refusal is a command line that a command refuses.
type Refusal struct {
	Line string
	Exit int
	Says string // a part of what people are told
}

// Refusals runs command lines in a folder that belongs to no project.
func Refusals(t *testing.T, build func(*cli.Streams) *cobra.Command, cases ...Refusal) {
	t.Helper()
	Enter(t)
	for _, c := range cases {
		if r := Run(build, strings.Fields(c.Line)...); r.Exit != c.Exit || !strings.Contains(r.Err, c.Says) || r.Out != "" {
			t.Errorf("%q: exit %d, want %d and %q\n%s%s", c.Line, r.Exit, c.Exit, c.Says, r.Out, r.Err)
		}
	}
}

// Enter makes an empty folder the current one and the home of the user, and returns it.
func Enter(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("HOME", dir)
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("MARKETOPS_CORE", "")
	return dir
}

// Write writes a file below dir.
func Write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Evidence writes what a world leaves for a verifier into dir: w.mopack, trust.json, log/, records/ and
// operations/.
func Evidence(t *testing.T, dir string, w *logworld.World) {
	t.Helper()
	Write(t, dir, "w.mopack", w.PackBytes())
	Write(t, dir, "trust.json", w.TrustBytes())
	for name, b := range w.Store {
		Write(t, dir, "records/"+name, b)
	}
	for _, op := range w.Ops {
		doc, err := op.Document()
		if err != nil {
			t.Fatal(err)
		}
		Write(t, dir, "operations/"+marketops.DigestOf(doc).Hex()+".json", doc)
	}
	n := int(w.Log.Size())
	for _, name := range []string{log.CheckpointPath, log.TilePath(0, 0, n), log.EntriesPath(0, n)} {
		b, err := w.Log.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		Write(t, dir, "log/"+name, b)
	}
}

// Unshown returns the members of v, by their paths in its JSON, whose values are nowhere in text. Members
// that are named are passed over.
func Unshown(t *testing.T, v any, text string, passed ...string) (out []string) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	var visit func(path string, v any)
	visit = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				if !slices.Contains(passed, name) {
					visit(path+"."+name, member)
				}
			}
		case []any:
			for _, member := range v {
				visit(path, member)
			}
		case float64:
			visit(path, fmt.Sprintf("%.0f", v))
		case string:
			if !strings.Contains(text, v) {
				out = append(out, path+" "+v)
			}
		}
	}
	visit("", tree)
	return out
}
