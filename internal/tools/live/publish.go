package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// large is the size of the larger file of the release, in bytes.
const large = 20 << 20

const project = `version: 1
github:
  api: %[1]s
  uploads: %[2]s
publications:
  - kind: tag_repo
    repository: %[3]s
    tag: %[5]s-tag
    target: %[4]s
    message: "a tag of make live"
    tagger: {name: make live, email: live@example.com}
  - kind: publish_release
    repository: %[3]s
    tag: %[5]s
    target: %[4]s
    name: %[5]s
    notes: notes.md
    make_latest: "false"
    assets: ["dist/*"]
  - kind: open_pr
    repository: %[3]s
    base: %[4]s
    head: %[5]s-branch
    title: a pull request of make live
    body: notes.md
    changes: [{path: %[5]s.txt, file: notes.md}]
`

// publish walks the life of a run, as README.md has it.
func (w *walk) publish(ctx context.Context) error {
	if err := w.write(); err != nil {
		return err
	}
	host := "github.com"
	if u, err := url.Parse(w.hub.api); err == nil && u.Host != "api.github.com" {
		host = u.Host
	}
	if err := w.step(ctx, "marketops", "init", "--origin", "live.example.com", "--person", "requester", "--approver", "approver", "--host", host); err != nil {
		return err
	}
	core, err := w.startCore()
	if err != nil {
		return err
	}
	defer func() { core.Process.Signal(os.Interrupt); core.Wait() }()
	for _, line := range []string{
		"marketops plan -o run", "marketops submit run", "marketops approve run --key approver.pem", "marketops authorize run", "marketops publish run",
		"marketops publish run --mode prod", "marketops publish run --mode prod", "marketops pack run -o live.mopack",
		"marketops-verify live.mopack --trust .marketops/trust.json",
		"marketops-verify audit --log .marketops/log --records .marketops/records --operations .marketops/documents --trust .marketops/trust.json",
	} {
		words := strings.Fields(line)
		if err := w.step(ctx, words[0], words[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// write writes the project into the folder.
func (w *walk) write() error {
	random := make([]byte, large)
	rand.Read(random)
	texts := map[string][]byte{
		"marketops.yaml": fmt.Appendf(nil, project, w.hub.api, w.hub.uploads, w.hub.repository, w.base, w.name),
		"notes.md":       []byte("Made by make live of marketops, to be removed at once.\n"),
		"dist/large.bin": random, "dist/small.txt": []byte("small\n"),
	}
	for name, text := range texts {
		path := filepath.Join(w.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// command is a program of this checkout in the folder. What it remembers outside of .marketops is in the folder as well.
func (w *walk) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(w.bin, name), args...)
	c.Dir, c.Stdout, c.Stderr = w.dir, w.log, w.log
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(w.dir, "memory"), "XDG_RUNTIME_DIR="+w.dir, "MARKETOPS_PASSWORD=")
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	return c
}

// step runs a command, and says how it ended. A table shows its last line, or all of what it said when it failed.
func (w *walk) step(ctx context.Context, name string, args ...string) error {
	line := name + " " + strings.Join(args, " ")
	w.person.say("$ %s", line)
	fmt.Fprintf(w.log, "\n$ %s\n", line)
	c := w.command(ctx, name, args...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	begun := time.Now()
	err := c.Run()
	w.log.Write(said.Bytes())
	if err != nil {
		w.person.say("%s", strings.TrimSpace(said.String()))
		return fmt.Errorf("%s: %w", line, err)
	}
	w.note("`"+line+"`", fmt.Sprintf("done in %s", time.Since(begun).Round(100*time.Millisecond)))
	return nil
}

// startCore starts the Core and waits until it answers.
func (w *walk) startCore() (*exec.Cmd, error) {
	c := w.command(context.Background(), "marketops-core", "serve")
	if err := c.Start(); err != nil {
		return nil, err
	}
	socket := filepath.Join(w.dir, ".marketops", "core.sock")
	for range 300 {
		if conn, err := net.Dial("unix", socket); err == nil {
			return c, conn.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the Core does not answer; see live.log"), c.Process.Kill())
}
