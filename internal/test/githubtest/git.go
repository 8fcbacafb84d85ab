package githubtest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing/fstest"
	"time"
)

// gitPatience ends a git command that hangs.
const gitPatience = 5 * time.Minute

var fullSHA = regexp.MustCompile(`^[0-9a-f]{40}$`)

const zeroSHA = "0000000000000000000000000000000000000000"

// git is one bare repository. No configuration but ours reaches it: neither the machine's
// nor the user's, and none of the caller's GIT_ variables.
type git struct {
	dir   string
	known *objects
}

// initGit makes a bare repository: the files that git makes, which are the same for each one.
func initGit(dir string) (git, error) {
	g := git{dir: dir, known: &objects{}}
	files, err := emptyRepository()
	if err != nil {
		return g, err
	}
	return g, os.CopyFS(dir, files)
}

// emptyRepository asks git once what a bare repository is made of.
var emptyRepository = sync.OnceValues(func() (fs.FS, error) {
	parent, err := os.MkdirTemp("", "githubtest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(parent)
	g := git{dir: filepath.Join(parent, "empty.git")}
	if _, err := g.run(nil, "init", "--bare", "--quiet", "--template=", "--initial-branch=main", g.dir); err != nil {
		return nil, err
	}
	return readFS(os.DirFS(g.dir))
})

// readFS copies a tree of files into memory.
func readFS(from fs.FS) (fs.FS, error) {
	files := fstest.MapFS{}
	err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			files[path] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
			return nil
		}
		data, err := fs.ReadFile(from, path)
		files[path] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	return files, err
}

func (g git) run(stdin []byte, args ...string) ([]byte, error) {
	return g.runWith(nil, stdin, args...)
}

func (g git) runWith(env []string, stdin []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), gitPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "gc.auto=0", "-c", "core.fsync=none"}, args...)...)
	cmd.Env = append(append(gitEnvironment(), "GIT_DIR="+g.dir), env...)
	cmd.Dir = filepath.Dir(g.dir)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

func gitEnvironment() []string {
	env := []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_ATTR_NOSYSTEM=1", "LC_ALL=C", "HOME=" + os.DevNull,
	}
	for _, name := range []string{"PATH", "SYSTEMROOT", "TMPDIR"} {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// line runs a command that prints one line.
func (g git) line(stdin []byte, args ...string) (string, error) {
	out, err := g.run(stdin, args...)
	return strings.TrimSuffix(string(out), "\n"), err
}

// answers are what git said to questions whose answer follows from the question alone.
var answers sync.Map

// ask is run for such a question: about names, or about objects by their full ids, which the
// caller has seen in this repository. git is asked once in a process.
func (g git) ask(args ...string) ([]byte, error) {
	question := strings.Join(args, "\x00")
	if known, ok := answers.Load(question); ok {
		return known.([]byte), nil
	}
	out, err := g.run(nil, args...)
	if err == nil {
		answers.Store(question, out)
	}
	return out, err
}

var plainRef = regexp.MustCompile(`^refs(/\w+){2,}$`)

// wellFormed reports whether git accepts a full ref name. It is asked about all but the plainest.
func (g git) wellFormed(ref string) bool {
	if plainRef.MatchString(ref) {
		return true
	}
	if strings.HasPrefix(ref, "-") {
		return false
	}
	_, err := g.ask("check-ref-format", ref)
	return err == nil
}
