// Package testenv makes worlds of processes: one folder with the built binaries, the practice GitHub, a
// Federation Core and witnesses, for tests and programs that use or disturb them.
//
//	bin := t.TempDir()
//	err := testenv.Build(ctx, bin, testenv.Unmodified)
//	w, err := testenv.New(testenv.Options{Bin: bin})
//	defer w.Close()
//	err = w.StartGitHub()
//	err = w.MakeState()
//	err = w.StartCore()
//	out, err := w.Run(ctx, "marketops", "plan", "-o", "run")
//
// It also reads what a log tells, with no code of the product ([World.Accounts]).
package testenv

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
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Options say what a world is made of.
type Options struct {
	Bin     string   // the folder that [Build] filled
	Dir     string   // where everything happens; "" is a new folder, which Close removes
	Repos   []string // of the practice GitHub; none is octo-org/widgets and octo-org/gadgets
	Flags   []string // more of the practice GitHub
	Env     []string // of every process, besides PATH, HOME, NO_COLOR, XDG_RUNTIME_DIR and TMPDIR
	Secrets []string // more environment, of commands and the practice GitHub alone; nil is [Token] and no passphrase
	Keep    bool     // leave a folder that New made
}

// Token is the write credential of a world that is given no secrets.
const Token = "practice-token-of-the-publisher"

// World is a folder and the processes that work in it.
type World struct {
	Options
	Runtime                    string // a short path, for sockets and logs
	Home                       string // of the user
	API, Uploads, Store, Admin string // of the practice GitHub
	GitHub, Core               *Server
	Witnesses                  []*Witness
	Processes                  atomic.Int64 // commands that were run

	made    []string // folders to remove
	mu      sync.Mutex
	servers []*Server
}

// New makes the folders of a world and starts nothing.
func New(o Options) (*World, error) {
	w := &World{Options: o}
	if len(w.Repos) == 0 {
		w.Repos = []string{"octo-org/widgets", "octo-org/gadgets"}
	}
	if w.Secrets == nil {
		w.Secrets = []string{"GITHUB_TOKEN=" + Token, "MARKETOPS_PASSWORD="}
	}
	var err error
	if w.Runtime, err = os.MkdirTemp("", "mo"); err != nil { // the path of a socket is at most 100 bytes long
		return nil, err
	}
	w.made = append(w.made, w.Runtime)
	if w.Dir == "" {
		w.Dir = w.Runtime
	}
	w.Home = w.Path("home")
	return w, nil
}

// Path is a path in the world's folder.
func (w *World) Path(parts ...string) string {
	return filepath.Join(append([]string{w.Dir}, parts...)...)
}

// Environment is that of a process that holds no secret. What is not named here cannot matter.
func (w *World) Environment() []string {
	return append([]string{"PATH=" + w.Bin + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + w.Home, "NO_COLOR=1", "XDG_RUNTIME_DIR=" + w.Runtime, "TMPDIR=" + w.Runtime}, w.Env...)
}

// Command is a program as a user would run it in the world's folder, not started yet.
func (w *World) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(w.Bin, name), args...)
	c.Dir, c.Env = w.Dir, append(w.Environment(), w.Secrets...)
	return c
}

// Run runs a command to its end and returns what it printed on standard output, and after an error all
// that it said.
func (w *World) Run(ctx context.Context, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	c := w.Command(ctx, name, args...)
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	w.Processes.Add(1)
	if err := c.Run(); err != nil {
		return append(out.Bytes(), talk.Bytes()...), fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return out.Bytes(), nil
}

// GitHubArgs are the arguments of the practice GitHub, whose tokens are the variables GITHUB_TOKEN, which may
// write, and READER_TOKEN.
func (w *World) GitHubArgs() []string {
	args := []string{"--token-env", "GITHUB_TOKEN", "--ready-file", readyFile}
	if slices.ContainsFunc(w.Secrets, func(v string) bool { return strings.HasPrefix(v, "READER_TOKEN=") }) {
		args = append(args, "--read-token-env", "READER_TOKEN")
	}
	for _, r := range w.Repos {
		args = append(args, "--repo", r)
	}
	return append(args, w.Flags...)
}

const readyFile = "github.json"

// StartGitHub starts the practice GitHub and returns when it answers.
func (w *World) StartGitHub() (err error) {
	c := w.Command(context.Background(), "practice-github", w.GitHubArgs()...)
	c.Dir = w.Runtime
	if w.GitHub, err = w.Start(c, ""); err != nil {
		return err
	}
	return w.GitHub.await(func() error {
		b, err := os.ReadFile(filepath.Join(w.Runtime, readyFile))
		if err != nil {
			return err
		}
		var at struct{ API, Uploads, Store, Admin string }
		err = json.Unmarshal(b, &at)
		w.API, w.Uploads, w.Store, w.Admin = at.API, at.Uploads, at.Store, at.Admin
		return err
	})
}

// StartCore starts the Core and returns when it answers.
func (w *World) StartCore(args ...string) (err error) {
	if w.Core, err = w.Serve("marketops-core", append([]string{"serve"}, args...)...); err != nil {
		return err
	}
	return w.Core.await(w.DialCore)
}

// DialCore is nil if a Core answers.
func (w *World) DialCore() error {
	found, _ := filepath.Glob(filepath.Join(w.Runtime, "marketops-*.sock"))
	for _, path := range append(found, w.Path(".marketops", "core.sock")) {
		if conn, err := net.Dial("unix", path); err == nil {
			return conn.Close()
		}
	}
	return errors.New("no socket answers")
}

func (w *World) add(s *Server) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.servers = append(w.servers, s)
}

// Talk is what every server said last, for the report of a failure.
func (w *World) Talk() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out strings.Builder
	for _, s := range w.servers {
		fmt.Fprintln(&out, s)
	}
	return out.String()
}

// Close stops the servers as an operator would, first the Core, which needs the others, then the last one
// first, and removes the folders that New made. A server that does not end well is an error.
func (w *World) Close() (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.servers
	if w.Core != nil {
		all = append(all[:len(all):len(all)], w.Core)
	}
	for _, s := range slices.Backward(all) {
		if s.Ended() {
			continue
		}
		if state := s.Stop(syscall.SIGTERM); !state.Success() {
			err = errors.Join(err, fmt.Errorf("%s did not stop cleanly: %s\n%s", s.name(), state, s))
		}
	}
	if w.Keep {
		return err
	}
	for _, dir := range w.made {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}
