package overlay

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const source = "// Package p is small.\npackage p\n\nfunc f() int { return 1 }\n\nfunc g() int { return 2 }\n"

// newModule writes a module of one package, and returns its folder.
func newModule(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module " + Module + "\n\ngo 1.26\n", "p/p.go": source,
		"p/p_test.go": "package p\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tif f()+g() != 3 {\n\t\tt.Error(\"not 3\")\n\t}\n}\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestApply(t *testing.T) {
	t.Parallel()
	root := newModule(t)
	got, err := Apply(root, []Patch{
		{File: "p/p.go", Old: "return 2", New: "return len(os.Args) + strings.Count(``, ``)", Import: "strings"},
		{File: "p/p.go", Old: "return 1", New: "return 2", Import: "os"},
		{File: "p/p.go", Old: "f() int", New: "f() (n int)", Import: "os"},
		{File: "p/new.go", New: "package p\n"},
	})
	want := "// Package p is small.\npackage p; import \"os\"; import \"strings\"\n\nfunc f() (n int) { return 2 }\n\nfunc g() int { return len(os.Args) + strings.Count(``, ``) }\n"
	if err != nil || got["p/p.go"] != want || got["p/new.go"] != "package p\n" || len(got) != 2 {
		t.Errorf("%v, %q", err, got)
	}
	if b, err := os.ReadFile(filepath.Join(root, "p/p.go")); err != nil || string(b) != source {
		t.Errorf("the source is now %q, %v", b, err)
	}
}

// TestApplyRefuses: a patch that does not fit its file is an error that names both, and all of them
// are named at once.
func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	root := newModule(t)
	for name, c := range map[string]struct {
		patches []Patch
		want    []string
	}{
		"absent":     {[]Patch{{File: "p/p.go", Old: "return 3", New: "return 4"}}, []string{"p/p.go", "0 times", `"return 3"`}},
		"twice":      {[]Patch{{File: "p/p.go", Old: "() int", New: "()"}}, []string{"p/p.go", "2 times", `"() int"`}},
		"two errors": {[]Patch{{File: "p/p.go", Old: "return 3"}, {File: "p/p.go", Old: "return 4"}, {File: "q.go", Old: "x"}}, []string{"return 3", "return 4", "q.go"}},
		"overlap":    {[]Patch{{File: "p/p.go", Old: "{ return 1"}, {File: "p/p.go", Old: "1 }"}}, []string{"p/p.go", "overlap"}},
		"not Go":     {[]Patch{{File: "p/p.go", Old: "return 1", New: "return ("}}, []string{"p/p.go"}},
		"exists":     {[]Patch{{File: "p/p.go", New: "package p\n"}}, []string{"p/p.go", "must not exist"}},
		"added and patched": {[]Patch{{File: "p/new.go", New: "package p\n"}, {File: "p/new.go", Old: "p", New: "q"}},
			[]string{"p/new.go", "one patch"}},
		"outside":  {[]Patch{{File: "../p.go", New: "package p\n"}}, []string{"../p.go"}},
		"absolute": {[]Patch{{File: "/p.go", New: "package p\n"}}, []string{"/p.go"}},
	} {
		_, err := Apply(root, c.patches)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q", name, err, want)
			}
		}
		dir := t.TempDir()
		if flag, err := Write(root, dir, c.patches); err == nil {
			t.Errorf("%s: written, %s", name, flag)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: %v, %v", name, left, err)
		}
	}
}

// TestWrite: the go command compiles the copy, and without patches the source.
func TestWrite(t *testing.T) {
	t.Parallel()
	root := newModule(t)
	for want, patches := range map[string][]Patch{
		"ok":       nil,
		"--- FAIL": {{File: "p/p.go", Old: "return 1", New: "return added()"}, {File: "p/new.go", New: "package p\n\nfunc added() int { return 5 }\n"}},
	} {
		flag, err := Write(root, t.TempDir(), patches)
		if err != nil {
			t.Fatal(err)
		}
		c := exec.Command("go", "test", flag, "./p")
		c.Dir = root
		if out, err := c.CombinedOutput(); !strings.HasPrefix(string(out), want) || (err == nil) != (want == "ok") {
			t.Errorf("%s: %v\n%s; want %s", flag, err, out, want)
		}
	}
}

func TestRoot(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "internal", "test", "overlay", "overlay_test.go")); err != nil {
		t.Error(err)
	}
	t.Chdir(t.TempDir())
	if dir, err := Root(); err == nil {
		t.Errorf("outside of the module the root is %s", dir)
	}
}
