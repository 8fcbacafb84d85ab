package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// demo is one folder, two servers, and the first thing that was not as announced.
type demo struct {
	keep, terse bool
	commands    bool // run nothing
	out         io.Writer
	dir, bin    string
	env         []string
	api         string
	uploads     string
	admin       string
	seen        int // effects on the practice GitHub
	servers     []*exec.Cmd
	err         error
}

const (
	startWait = 20 * time.Second
	stopWait  = 10 * time.Second
)

func (d *demo) chapter(title string) {
	fmt.Fprintf(d.out, "\n\n%s\n%s\n", title, strings.Repeat("=", len(title)))
}

// build compiles the three binaries and the practice GitHub, as any user would.
func (d *demo) build() error {
	d.chapter("Build")
	d.bin = filepath.Join(d.dir, "bin")
	for _, b := range []struct{ out, pkg string }{
		{"marketops", "./cmd/marketops"}, {"marketops-core", "./cmd/marketops-core"},
		{"marketops-verify", "./cmd/marketops-verify"}, {"practice-github", "./internal/test/githubtest/serve"},
	} {
		args := []string{"build", "-o", filepath.Join(d.bin, b.out), b.pkg}
		fmt.Fprintln(d.out, "$ go", strings.Join(args[:2], " "), b.pkg)
		if d.commands {
			continue
		}
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", b.pkg, err, out)
		}
	}
	return nil
}

// start brings up the practice GitHub and the Federation Core. The environment is small on
// purpose: what is not named here cannot matter.
func (d *demo) start() error {
	d.chapter("Start: the practice GitHub and the Federation Core, both on this machine only")
	d.env = []string{"PATH=" + d.bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + filepath.Join(d.dir, "home"),
		"GITHUB_TOKEN=practice-token-of-the-publisher", "MARKETOPS_PASSWORD=", "NO_COLOR=1", "XDG_RUNTIME_DIR=" + d.dir}
	ready := filepath.Join(d.dir, "github.json")
	if err := d.serve("practice-github", "--token-env", "GITHUB_TOKEN", "--ready-file", "github.json", "--repo", "octo-org/widgets", "--repo", "octo-org/gadgets"); err != nil {
		return err
	}
	if err := d.await(func() error { return d.readReady(ready) }); err != nil {
		return fmt.Errorf("the practice GitHub: %w", err)
	}
	d.step("marketops init --origin log.example.com --person bob --approver alice", 0, "makes keys, policy and trust for a rehearsal on one machine", "rehearsal")
	if err := d.serve("marketops-core", "serve"); err != nil {
		return err
	}
	return errors.Join(d.err, d.await(d.dialCore))
}

func (d *demo) readReady(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var at struct{ API, Uploads, Admin string }
	err = json.Unmarshal(b, &at)
	d.api, d.uploads, d.admin = at.API, at.Uploads, at.Admin
	return err
}

func (d *demo) dialCore() error {
	for _, pattern := range []string{filepath.Join(d.dir, ".marketops", "core.sock"), filepath.Join(d.dir, "marketops-*.sock")} {
		found, _ := filepath.Glob(pattern)
		for _, path := range found {
			if conn, err := net.Dial("unix", path); err == nil {
				return conn.Close()
			}
		}
	}
	return errors.New("no socket answers")
}

func (d *demo) await(ready func() error) error {
	if d.commands {
		return nil
	}
	var err error
	for end := time.Now().Add(startWait); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = ready(); err == nil {
			return nil
		}
	}
	return err
}

func (d *demo) serve(name string, args ...string) error {
	fmt.Fprintf(d.out, "$ %s %s &\n", name, strings.Join(args, " "))
	if d.commands {
		return nil
	}
	c := exec.Command(filepath.Join(d.bin, name), args...)
	c.Dir, c.Env = d.dir, d.env
	log, err := os.Create(filepath.Join(d.dir, name+".log"))
	if err != nil {
		return err
	}
	c.Stdout, c.Stderr = log, log
	d.servers = append(d.servers, c)
	return c.Start()
}

// close stops the servers, the last one first, as an operator would.
func (d *demo) close() (err error) {
	for i := len(d.servers) - 1; i >= 0; i-- {
		c := d.servers[i]
		if c.Process == nil {
			continue
		}
		c.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(stopWait, func() { c.Process.Kill() })
		werr := c.Wait()
		if !kill.Stop() || werr != nil {
			err = errors.Join(err, fmt.Errorf("%s did not stop cleanly: %w", filepath.Base(c.Path), werr))
		}
	}
	return err
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
	c.Dir, c.Env = d.dir, d.env
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
	out, _ := d.exec("practice-github effects --admin " + d.admin)
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
