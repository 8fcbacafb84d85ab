package githubtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// gitPatience ends a git command that hangs.
const gitPatience = 30 * time.Second

var fullSHA = regexp.MustCompile(`^[0-9a-f]{40}$`)

const zeroSHA = "0000000000000000000000000000000000000000"

// git is one bare repository. No configuration but ours reaches it: neither the machine's
// nor the user's, and none of the caller's GIT_ variables.
type git struct{ dir string }

func initGit(dir string) (git, error) {
	g := git{dir}
	_, err := g.run(nil, "init", "--bare", "--quiet", "--template=", "--initial-branch=main", dir)
	return g, err
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

var errNoObject = errors.New("no such object")

// object reads an object by its full id.
func (g git) object(id string) (kind string, data []byte, err error) {
	if !fullSHA.MatchString(id) {
		return "", nil, errNoObject
	}
	out, err := g.run([]byte(id+"\n"), "cat-file", "--batch")
	if err != nil {
		return "", nil, err
	}
	head, rest, _ := bytes.Cut(out, []byte("\n"))
	fields := strings.Fields(string(head))
	if len(fields) != 3 {
		return "", nil, errNoObject
	}
	return fields[1], bytes.TrimSuffix(rest, []byte("\n")), nil
}

// write stores an object and returns its id. git refuses one that does not parse.
func (g git) write(kind string, data []byte) (string, error) {
	return g.line(data, "hash-object", "-w", "-t", kind, "--stdin")
}

// wellFormed reports whether git accepts a full ref name.
func (g git) wellFormed(ref string) bool {
	if strings.HasPrefix(ref, "-") {
		return false
	}
	_, err := g.run(nil, "check-ref-format", ref)
	return err == nil
}
