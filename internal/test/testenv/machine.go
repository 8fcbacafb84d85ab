// Package testenv is one folder with the built binaries, the practice GitHub and a Federation Core,
// for programs that disturb them, and an account of what the log tells that shares no code with the
// product.
package testenv

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
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

	"github.com/omega/marketops/internal/test/overlay"
	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
)

const (
	startWait = time.Minute
	stopWait  = time.Minute
	repos     = 4
)

// CommandWait bounds one command: a publisher may look a minute for each of the two effects of an operation.
const CommandWait = 200 * time.Second

// Machine is used in this order: Build or Bin, Up, StartCore.
type Machine struct {
	Dir, Bin     string // Bin holds the binaries
	Env          []string
	API, Uploads string // of the practice GitHub
	Core         *exec.Cmd
	Processes    atomic.Int64 // that ran to their end or to their kill

	github *exec.Cmd
}

// Path is a path in the folder.
func (m *Machine) Path(parts ...string) string {
	return filepath.Join(append([]string{m.Dir}, parts...)...)
}

// Build builds everything into dir, from the source with these patches.
func Build(ctx context.Context, dir string, patches []overlay.Patch) error {
	root, err := overlay.Root()
	if err != nil {
		return err
	}
	flag, err := overlay.Write(root, filepath.Join(dir, "source"), patches)
	if err != nil {
		return err
	}
	for name, pkg := range map[string]string{
		"marketops": "cmd/marketops", "marketops-core": "cmd/marketops-core",
		"marketops-verify": "cmd/marketops-verify", "practice-github": "internal/test/githubtest/serve",
	} {
		c := exec.CommandContext(ctx, "go", "build", flag, "-o", filepath.Join(dir, name), "github.com/omega/marketops/"+pkg)
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", pkg, err, out)
		}
	}
	return nil
}

// Up starts the practice GitHub and makes the Core's state, but does not start the Core.
func (m *Machine) Up(ctx context.Context) error {
	m.Env = []string{"PATH=" + m.Bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + m.Path("home"),
		"GITHUB_TOKEN=practice-token-of-the-publisher", "MARKETOPS_PASSWORD=", "NO_COLOR=1", "XDG_RUNTIME_DIR=" + m.Dir}
	args := []string{"--token-env", "GITHUB_TOKEN", "--ready-file", "github.json", "--limit", "10000000"}
	for i := range repos {
		args = append(args, "--repo", Repository(i))
	}
	var err error
	if m.github, err = m.Serve("practice-github", args...); err != nil {
		return err
	}
	if err := Await(m.readReady); err != nil {
		return fmt.Errorf("the practice GitHub: %w", err)
	}
	if out, err := m.Run(ctx, "marketops", "init", "--origin", "log.example.com", "--person", "bob", "--approver", "alice"); err != nil {
		return fmt.Errorf("init: %w\n%s", err, out)
	}
	return errors.Join(m.widen(), m.decrypt("alice.pem"), m.decrypt(".marketops", "keys", "requester.pem"))
}

// decrypt makes a plain key of one that is encrypted under nothing: deriving the key from the empty
// passphrase would take more time than everything else.
func (m *Machine) decrypt(name ...string) error {
	path := m.Path(name...)
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return fmt.Errorf("%s is not PEM", path)
	}
	der, err := encrypted.Decrypt(block.Bytes, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// Repository is one of those that the practice GitHub has from the beginning.
func Repository(i int) string { return fmt.Sprintf("octo-org/soak-%d", i%repos) }

// widen lets more receipts live at one time than one person needs on one day.
func (m *Machine) widen() error {
	path := m.Path(".marketops", "core.yaml")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	s := strings.NewReplacer("max_receipts_per_repository: 20", "max_receipts_per_repository: 10000",
		"max_submissions_per_day: 500", "max_submissions_per_day: 10000").Replace(string(b))
	return os.WriteFile(path, []byte(s), 0o600)
}

func (m *Machine) readReady() error {
	b, err := os.ReadFile(m.Path("github.json"))
	if err != nil {
		return err
	}
	var at struct{ API, Uploads string }
	err = json.Unmarshal(b, &at)
	m.API, m.Uploads = at.API, at.Uploads
	return err
}

// StartCore starts the Core and returns when it answers.
func (m *Machine) StartCore() (err error) {
	if m.Core, err = m.Serve("marketops-core", "serve"); err != nil {
		return err
	}
	if err := Await(m.DialCore); err != nil {
		return fmt.Errorf("the Core does not come up: %w", err)
	}
	return nil
}

// DialCore is nil if a Core answers.
func (m *Machine) DialCore() error {
	found, _ := filepath.Glob(m.Path("marketops-*.sock"))
	for _, path := range append(found, m.Path(".marketops", "core.sock")) {
		if conn, err := net.Dial("unix", path); err == nil {
			return conn.Close()
		}
	}
	return errors.New("no socket answers")
}

// Await waits until ready is nil, but not for ever.
func Await(ready func() error) (err error) {
	for end := time.Now().Add(startWait); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = ready(); err == nil {
			return nil
		}
	}
	return err
}

// Serve starts a server whose output is added to NAME.log.
func (m *Machine) Serve(name string, args ...string) (*exec.Cmd, error) {
	c := exec.Command(filepath.Join(m.Bin, name), args...)
	c.Dir, c.Env = m.Dir, m.Env
	log, err := os.OpenFile(m.Path(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	return c, c.Start()
}

// Run runs one command undisturbed and returns what it printed on standard output.
func (m *Machine) Run(ctx context.Context, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, CommandWait)
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(m.Bin, name), args...)
	c.Dir, c.Env = m.Dir, m.Env
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	m.Processes.Add(1)
	if err := c.Run(); err != nil {
		return append(out.Bytes(), talk.Bytes()...), fmt.Errorf("%s: %w", args[0], err)
	}
	return out.Bytes(), nil
}

// Effect is one line of what the practice GitHub saw.
type Effect struct{ Kind, Repo, Subject string }

// Effects are all that the practice GitHub saw, in order.
func (m *Machine) Effects(ctx context.Context) (seen []Effect, err error) {
	out, err := m.Run(ctx, "practice-github", "effects", "--json", "--admin", "github.json")
	if err == nil {
		err = json.Unmarshal(out, &seen)
	}
	if err != nil {
		return nil, fmt.Errorf("effects: %w\n%s", err, out)
	}
	return seen, nil
}

// Audit is nil if the auditor says that the whole log is in order.
func (m *Machine) Audit(ctx context.Context) error {
	out, err := m.Run(ctx, "marketops-verify", "audit", "--log", m.Path(".marketops", "log"), "--records", m.Path(".marketops", "records"),
		"--operations", m.Path(".marketops", "documents"), "--trust", m.Path(".marketops", "trust.json"))
	if err != nil || !strings.Contains(string(out), "\nverified") {
		return fmt.Errorf("the audit: %w\n%s", err, out)
	}
	return nil
}

// Close stops the servers as an operator would.
func (m *Machine) Close() (err error) {
	for _, c := range []*exec.Cmd{m.Core, m.github} {
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
