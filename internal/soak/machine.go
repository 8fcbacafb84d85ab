package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	startWait   = 20 * time.Second
	stopWait    = 10 * time.Second
	commandWait = 200 * time.Second // a publisher may look a minute for each of the two effects of an operation
	repos       = 4
)

// machine is one folder with the built binaries, the practice GitHub and the Core.
type machine struct {
	dir          string
	env          []string
	api, uploads string
	github, core *exec.Cmd
	processes    atomic.Int64 // that ran to their end or to their kill
}

func (m *machine) path(parts ...string) string {
	return filepath.Join(append([]string{m.dir}, parts...)...)
}

// up builds everything, the publisher with these tags, and starts the servers.
func (m *machine) up(ctx context.Context, tags string) error {
	for name, pkg := range map[string]string{
		"marketops": "./cmd/marketops", "marketops-core": "./cmd/marketops-core",
		"marketops-verify": "./cmd/marketops-verify", "practice-github": "./internal/githubtest/serve",
	} {
		if out, err := exec.CommandContext(ctx, "go", "build", "-tags", tags, "-o", m.path("bin", name), pkg).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", pkg, err, out)
		}
	}
	m.env = []string{"PATH=" + m.path("bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + m.path("home"),
		"GITHUB_TOKEN=practice-token-of-the-publisher", "MARKETOPS_PASSWORD=", "NO_COLOR=1", "XDG_RUNTIME_DIR=" + m.dir}
	args := []string{"--token-env", "GITHUB_TOKEN", "--ready-file", "github.json", "--limit", "10000000"}
	for i := range repos {
		args = append(args, "--repo", repository(i))
	}
	var err error
	if m.github, err = m.serve("practice-github", args...); err != nil {
		return err
	}
	if err := await(m.readReady); err != nil {
		return fmt.Errorf("the practice GitHub: %w", err)
	}
	if out, err := m.run(ctx, "marketops", "init", "--origin", "log.example.com", "--person", "bob", "--approver", "alice"); err != nil {
		return fmt.Errorf("init: %w\n%s", err, out)
	}
	if err := m.widen(); err != nil {
		return err
	}
	return m.startCore()
}

func repository(i int) string { return fmt.Sprintf("octo-org/soak-%d", i%repos) }

// widen lets more receipts live at one time than one person needs on one day.
func (m *machine) widen() error {
	path := m.path(".marketops", "core.yaml")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	s := strings.NewReplacer("max_receipts_per_repository: 20", "max_receipts_per_repository: 10000",
		"max_submissions_per_day: 500", "max_submissions_per_day: 10000").Replace(string(b))
	return os.WriteFile(path, []byte(s), 0o600)
}

func (m *machine) readReady() error {
	b, err := os.ReadFile(m.path("github.json"))
	if err != nil {
		return err
	}
	var at struct{ API, Uploads string }
	err = json.Unmarshal(b, &at)
	m.api, m.uploads = at.API, at.Uploads
	return err
}

// startCore starts the Core and returns when it answers.
func (m *machine) startCore() (err error) {
	if m.core, err = m.serve("marketops-core", "serve"); err != nil {
		return err
	}
	if err := await(m.dialCore); err != nil {
		return fmt.Errorf("the Core does not come up: %w", err)
	}
	return nil
}

func (m *machine) dialCore() error {
	found, _ := filepath.Glob(m.path("marketops-*.sock"))
	for _, path := range append(found, m.path(".marketops", "core.sock")) {
		if conn, err := net.Dial("unix", path); err == nil {
			return conn.Close()
		}
	}
	return errors.New("no socket answers")
}

func await(ready func() error) (err error) {
	for end := time.Now().Add(startWait); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = ready(); err == nil {
			return nil
		}
	}
	return err
}

// serve starts a server whose output is added to NAME.log.
func (m *machine) serve(name string, args ...string) (*exec.Cmd, error) {
	c := exec.Command(m.path("bin", name), args...)
	c.Dir, c.Env = m.dir, m.env
	log, err := os.OpenFile(m.path(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	return c, c.Start()
}

// run runs one command undisturbed and returns what it printed on standard output.
func (m *machine) run(ctx context.Context, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandWait)
	defer cancel()
	c := exec.CommandContext(ctx, m.path("bin", name), args...)
	c.Dir, c.Env = m.dir, m.env
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	m.processes.Add(1)
	if err := c.Run(); err != nil {
		return append(out.Bytes(), talk.Bytes()...), fmt.Errorf("%s: %w", args[0], err)
	}
	return out.Bytes(), nil
}

// close stops the servers as an operator would.
func (m *machine) close() (err error) {
	for _, c := range []*exec.Cmd{m.core, m.github} {
		if c == nil || c.Process == nil || c.ProcessState != nil {
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
