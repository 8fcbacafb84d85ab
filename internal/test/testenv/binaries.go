package testenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/omega/marketops/internal/test/overlay"
	"github.com/omega/marketops/internal/test/patches"
)

// Variant says how the binaries of the product are built. The zero value is what ships.
type Variant struct {
	Name    string // of the folder below bin/test; "" is "unmodified"
	Patches []overlay.Patch
	Cover   bool // they write coverage data into GOCOVERDIR
}

// The variants: what ships, those of the stories, that of the disk tests, that of the crash points, and those
// of the soak test, whose clocks can be moved, and that of large releases, whose clocks run fast.
var (
	Unmodified = Variant{Name: "unmodified"}
	Quick      = Variant{Name: "quick", Patches: patches.Quick}
	Impatient  = Variant{Name: "impatient", Patches: patches.Impatient}
	Fast       = Variant{Name: "fast", Patches: patches.Fast}
	Crash      = Variant{Name: "crash", Patches: patches.Crash}
	Timed      = Variant{Name: "timed", Patches: patches.Clock}
	FastClock  = Variant{Name: "fast-clock", Patches: patches.FastClock}
	FastTimed  = Variant{Name: "fast-timed", Patches: slices.Concat(patches.Fast, patches.Clock)}
)

// product is what a variant changes; tools are the same for all variants.
var (
	product = []string{"marketops", "marketops-core", "marketops-verify"}
	tools   = map[string]string{"practice-github": "./internal/test/githubtest/serve", "forge": "./internal/test/badrecords", "live": "./internal/tools/live"}
)

// Build builds the binaries of the product, the practice GitHub and forge, and puts them into dir. The go
// command builds into bin/test of the checkout, where it leaves alone what is up to date, so that all test
// packages and all runs share one build. Packages that build at the same time wait for each other. dir
// has its own files: a build of later sources does not change them.
func Build(ctx context.Context, dir string, v Variant) (err error) {
	root, err := overlay.Root()
	if err != nil {
		return err
	}
	if v.Name == "" {
		v.Name = "unmodified"
	}
	if v.Cover {
		v.Name += "-cover"
	}
	shared := filepath.Join(root, "bin", "test")
	if err := os.MkdirAll(filepath.Join(shared, "tools"), 0o755); err != nil {
		return err
	}
	unlock, err := lock(filepath.Join(shared, "lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := v.build(ctx, root, filepath.Join(shared, v.Name)); err != nil {
		return err
	}
	for name, pkg := range tools {
		if err := goBuild(ctx, root, "-o", filepath.Join(shared, "tools", name), pkg); err != nil {
			return err
		}
	}
	if err := noteSources(ctx, root); err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(dir, 0o755), linkAll(filepath.Join(shared, v.Name), dir), linkAll(filepath.Join(shared, "tools"), dir))
}

func (v Variant) build(ctx context.Context, root, into string) error {
	source, err := os.MkdirTemp("", "mo-source")
	if err != nil {
		return err
	}
	defer os.RemoveAll(source)
	args := []string{"-o", into + string(os.PathSeparator)}
	if v.Cover { // go build -cover reads the files of the module, and not those of an overlay
		err, root, args = copyPatched(root, source, v.Patches), source, append(args, "-trimpath", "-cover", "-coverpkg=./...")
	} else {
		var patched string
		patched, err = overlay.Write(root, source, v.Patches)
		args = append([]string{patched}, args...)
	}
	if err != nil {
		return err
	}
	for _, name := range product {
		args = append(args, "./cmd/"+name)
	}
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	return goBuild(ctx, root, args...)
}

// copyPatched copies the module, without what was built, and patches the copy.
func copyPatched(root, into string, patches []overlay.Patch) error {
	changed, err := overlay.Apply(root, patches)
	if err != nil {
		return err
	}
	for _, name := range []string{".git", "bin"} {
		changed[name] = ""
	}
	return errors.Join(copyTree(root, into, changed), writeAll(into, changed))
}

// copyTree copies all but what is left out, by its path from the root.
func copyTree(root, into string, leftOut map[string]string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if _, out := leftOut[filepath.ToSlash(name)]; out && d.IsDir() {
			return fs.SkipDir
		} else if out {
			return nil
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(into, name), 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(into, name), text, 0o644)
	})
}

func writeAll(into string, files map[string]string) error {
	for name, text := range files {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(into, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func goBuild(ctx context.Context, root string, args ...string) error {
	_, err := goCommand(ctx, root, append([]string{"build"}, args...)...)
	return err
}

// goCommand runs the go command in a folder and returns its standard output.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = dir
	out, err := c.Output()
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		err = fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, exited.Stderr)
	}
	return out, err
}

// noteSources looks at everything that the binaries are built from. The go command keeps the result of a
// test until a file or folder that the test itself looked at has changed; what its child, the build, read
// would not count.
func noteSources(ctx context.Context, root string) error {
	form := `{{if .Module}}{{if .Module.Main}}{{$d := .Dir}}{{$d}}{{range .GoFiles}}
{{$d}}/{{.}}{{end}}{{range .EmbedFiles}}
{{$d}}/{{.}}{{end}}
{{end}}{{end}}`
	args := []string{"list", "-deps", "-f", form}
	for _, name := range product {
		args = append(args, "./cmd/"+name)
	}
	for _, pkg := range tools {
		args = append(args, pkg)
	}
	out, err := goCommand(ctx, root, args...)
	for line := range strings.Lines(string(out) + filepath.Join(root, "go.sum")) {
		err = errors.Join(err, note(root, strings.TrimSpace(line)))
	}
	return err
}

// note looks at a file, or at a folder with all files in it; but the folder of the module has others too.
func note(root, path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() && path != root {
		_, err = os.ReadDir(path)
	}
	return err
}

func linkAll(from, to string) error {
	list, err := os.ReadDir(from)
	for _, e := range list {
		if e.Type().IsRegular() {
			err = errors.Join(err, link(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())))
		}
	}
	return err
}

// link makes a second name of a file, or a copy where another file system begins. The go command
// replaces a file that it builds anew, and does not write into it.
func link(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// lock waits until no other process holds the file.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
