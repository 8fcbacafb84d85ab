package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/omega/marketops/internal/test/testenv"
)

// demo tells what happens in a world, up to the first thing that was not as announced.
type demo struct {
	keep, terse bool
	commands    bool // run nothing
	out         io.Writer
	bin         string
	world       *testenv.World
	seen        int // effects on the practice GitHub
	err         error
}

func (d *demo) chapter(title string) {
	fmt.Fprintf(d.out, "\n\n%s\n%s\n", title, strings.Repeat("=", len(title)))
}

// build compiles the three binaries and the practice GitHub, as any user would.
func (d *demo) build() error {
	d.chapter("Build")
	for _, pkg := range []string{"./cmd/marketops", "./cmd/marketops-core", "./cmd/marketops-verify", "./internal/test/githubtest/serve"} {
		fmt.Fprintln(d.out, "$ go build -o", pkg)
	}
	if d.commands {
		return nil
	}
	return testenv.Build(context.Background(), d.bin, testenv.Unmodified)
}

// start brings up the practice GitHub and the Federation Core.
func (d *demo) start() error {
	d.chapter("Start: the practice GitHub and the Federation Core, both on this machine only")
	if err := d.serve("practice-github", d.world.GitHubArgs(), d.world.StartGitHub); err != nil {
		return err
	}
	if err := d.write(); err != nil { // init takes the GitHub that may be published to from marketops.yaml
		return err
	}
	d.step("marketops init --origin log.example.com --person bob --approver alice", 0, "makes keys, policy and trust for a rehearsal on one machine", "rehearsal")
	return errors.Join(d.err, d.serve("marketops-core", []string{"serve"}, func() error { return d.world.StartCore() }))
}

func (d *demo) serve(name string, args []string, start func() error) error {
	fmt.Fprintf(d.out, "$ %s %s &\n", name, strings.Join(args, " "))
	if d.commands {
		return nil
	}
	return start()
}

// step runs one command line, prints it with its meaning, and holds it to its exit code and to a
// word of its output. After the first difference nothing more runs.
func (d *demo) step(line string, exit int, meaning, word string) {
	if d.err != nil {
		return
	}
	fmt.Fprintf(d.out, "\n# %s\n$ %s\n", meaning, line)
	if d.commands {
		return
	}
	out, got := d.exec(line)
	if !d.terse {
		fmt.Fprint(d.out, indent(out))
	}
	switch {
	case got != exit:
		d.err = fmt.Errorf("%q exited with %d, not %d:\n%s", line, got, exit, out)
	case !strings.Contains(out, word):
		d.err = fmt.Errorf("%q did not say %q:\n%s", line, word, out)
	}
}

func (d *demo) sh(line, meaning string) { d.step(line, 0, meaning, "") }

func (d *demo) exec(line string) (string, int) {
	c := exec.Command("sh", "-c", line)
	c.Dir, c.Env = d.world.Dir, append(d.world.Environment(), d.world.Secrets...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		return out.String(), exited.ExitCode()
	}
	if err != nil {
		return err.Error(), -1
	}
	return out.String(), 0
}

// effects compares how often GitHub changed; -1 means more often than before.
func (d *demo) effects(want int, meaning string) {
	if d.err != nil {
		return
	}
	if d.commands {
		fmt.Fprintln(d.out, "$ practice-github effects")
		return
	}
	out, _ := d.exec("practice-github effects --admin " + d.world.Admin)
	n := len(strings.Fields(strings.ReplaceAll(strings.TrimSpace(out), " ", "_")))
	if n == d.seen && n > 0 {
		out = fmt.Sprintf("the same %d lines as before", n)
	}
	fmt.Fprintf(d.out, "\n# %s\n$ practice-github effects\n%s", meaning, indent(out))
	if want >= 0 && n != want || want < 0 && n <= d.seen {
		d.err = fmt.Errorf("the practice GitHub changed %d times, want %d (%s)", n, want, meaning)
	}
	d.seen = n
}

func indent(s string) string {
	if strings.TrimSpace(s) == "" {
		return "  (nothing)\n"
	}
	return "  " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ") + "\n"
}
