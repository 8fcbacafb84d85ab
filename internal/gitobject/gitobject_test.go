package gitobject

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// repository is a real git repository, which says what git calls things.
type repository struct {
	*testing.T
	dir string
}

func newRepository(t *testing.T, format string) *repository {
	r := &repository{t, t.TempDir()}
	r.git("", "init", "--quiet", "--bare", "--object-format="+format, ".")
	return r
}

func (r *repository) git(stdin string, args ...string) string {
	r.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(stdin)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_INDEX_FILE=" + r.dir + "/the-index"}
	out, err := cmd.Output()
	if err != nil {
		r.Fatalf("git %v: %v", args, err)
	}
	return string(out)
}

func (r *repository) line(stdin string, args ...string) string {
	r.Helper()
	return strings.TrimSpace(r.git(stdin, args...))
}

// write makes a tree of "mode path" to content.
func (r *repository) write(base string, files map[string]string) string {
	r.Helper()
	r.git("", "read-tree", base)
	for file, content := range files {
		mode, path, _ := strings.Cut(file, " ")
		id := content
		if mode != Submodule {
			id = r.line(content, "hash-object", "-w", "--stdin")
		}
		r.git(fmt.Sprintf("%s %s\t%s\n", mode, id, path), "update-index", "--replace", "--index-info")
	}
	return r.line("", "write-tree")
}

// read is the read of Apply on a real repository.
func (r *repository) read(id string) (Tree, error) {
	return ParseTree(id, []byte(r.git("", "cat-file", "tree", id)))
}

var formats = map[string]int{"sha1": 40, "sha256": 64}

// base is a tree with one of each kind.
func (r *repository) base() string {
	r.Helper()
	return r.write("--empty", map[string]string{
		"100644 README.md": "hello\n", "100755 run.sh": "#!/bin/sh\n", "120000 link": "run.sh",
		"160000 module":    strings.Repeat("1", formats[r.line("", "rev-parse", "--show-object-format")]),
		"100644 docs/a.md": "a\n", "100644 docs/deep/b.md": "b\n", "100644 docs.md": "beside\n", "100644 docs-x": "x", "100644 Grüße.md": "umlaut\n",
	})
}

func TestIDs(t *testing.T) {
	for format, length := range formats {
		r := newRepository(t, format)
		n := Length(length)
		for _, content := range []string{"", "hello\n", "\x00\xff"} {
			want := r.line(content, "hash-object", "--stdin")
			h := n.BlobHash(int64(len(content)))
			h.Write([]byte(content))
			if got := n.Blob([]byte(content)); got != want || fmt.Sprintf("%x", h.Sum(nil)) != want {
				t.Errorf("%s: blob %s, git says %s", format, got, want)
			}
		}
		tree := r.base()
		parsed, err := r.read(tree)
		if got, ierr := n.Tree(parsed); err != nil || ierr != nil || got != tree || LengthOf(tree) != n {
			t.Errorf("%s: tree %s, git says %s: %v", format, got, tree, errors.Join(err, ierr))
		}
		who := Signature("Release Bot", "release@example.com", 1770000000)
		body := "tree " + tree + "\nauthor " + who + "\ncommitter " + who + "\n\nfirst\n"
		parent := r.line(body, "hash-object", "-w", "-t", "commit", "--stdin")
		want := r.line(strings.Replace(body, "\nauthor", "\nparent "+parent+"\nauthor", 1), "hash-object", "-t", "commit", "--stdin")
		if got := n.Commit(tree, parent, who, "first\n"); got != want {
			t.Errorf("%s: commit %s, git says %s", format, got, want)
		}
		want = r.line("object "+parent+"\ntype commit\ntag v1\ntagger "+who+"\n\nfirst\n", "hash-object", "-t", "tag", "--stdin")
		if got := n.Tag(parent, "v1", who, "first\n"); got != want {
			t.Errorf("%s: tag %s, git says %s", format, got, want)
		}
	}
}

// TestApply holds the computed tree against the one that git makes of the same changes.
func TestApply(t *testing.T) {
	for format := range formats {
		r := newRepository(t, format)
		base := r.base()
		for name, changes := range map[string][]Change{
			"changed":           {{Path: "README.md"}},
			"keeps its mode":    {{Path: "run.sh"}},
			"becomes a program": {{Path: "README.md", Mode: Executable}},
			"is none any more":  {{Path: "run.sh", Mode: File}},
			"added":             {{Path: "NEW"}},
			"in a folder":       {{Path: "docs/c.md"}, {Path: "docs/a.md"}},
			"in new folders":    {{Path: "x/y/z", Mode: Executable}, {Path: "x/y/a"}, {Path: "docs/deep/new/b"}},
			"names that git sorts in its own way": {
				{Path: "docs0"}, {Path: "docs!"}, {Path: "docs/z"}, {Path: "a/b"}, {Path: "a-b"}, {Path: "a.b"}, {Path: "a0"}},
		} {
			files, asked := map[string]string{}, 0
			for i, c := range changes {
				changes[i].Blob = r.line(c.Path, "hash-object", "-w", "--stdin")
				mode := c.Mode
				if mode == "" && c.Path == "run.sh" {
					mode = Executable
				} else if mode == "" {
					mode = File
				}
				files[mode+" "+c.Path] = c.Path
			}
			got, placed, err := Apply(base, changes, func(id string) (Tree, error) { asked++; return r.read(id) })
			if want := r.write(base, files); err != nil || got != want || asked == 0 || asked > 3 {
				t.Errorf("%s, %s: %s, git says %s, %d trees read: %v", format, name, got, want, asked, err)
			}
			for i, p := range placed {
				was := strings.Fields(r.line("", "ls-tree", base, p.Path) + " 0 0 -")
				if p.Path != changes[i].Path || p.Before.Mode != "" != (was[1] == "blob") || p.Before.Mode != "" && (p.Before.Mode != was[0] || p.Before.ID != was[2]) {
					t.Errorf("%s, %s: %+v, git says %v", format, name, p, was)
				}
			}
		}
	}
}

// TestCollisions: what would do more than put files at their paths is refused, and says what is there.
func TestCollisions(t *testing.T) {
	r := newRepository(t, "sha1")
	base := r.base()
	for paths, want := range map[string]Collision{
		"docs":                {"docs", "docs", "a folder"},
		"docs/deep":           {"docs/deep", "docs/deep", "a folder"},
		"README.md/new":       {"README.md/new", "README.md", "a file"},
		"run.sh/a/b":          {"run.sh/a/b", "run.sh", "a file"},
		"docs/a.md/new":       {"docs/a.md/new", "docs/a.md", "a file"},
		"link":                {"link", "link", "a symbolic link"},
		"link/new":            {"link/new", "link", "a symbolic link"},
		"module":              {"module", "module", "a submodule"},
		"module/new":          {"module/new", "module", "a submodule"},
		"new new/b":           {"new/b", "new", "a file of the same change set"},
		"new/b new":           {"new/b", "new", "a file of the same change set"},
		"docs/n docs/n/b":     {"docs/n/b", "docs/n", "a file of the same change set"},
		"README.md README.md": {"README.md", "README.md", "a file of the same change set"},
	} {
		var changes []Change
		for _, path := range strings.Fields(paths) {
			changes = append(changes, Change{Path: path, Blob: strings.Repeat("2", 40)})
		}
		_, _, err := Apply(base, changes, r.read)
		var c *Collision
		if !errors.As(err, &c) || *c != want {
			t.Errorf("%s: %v, want %v", paths, err, &want)
		}
	}
}

// TestOtherTrees: a tree is believed only if it has the id that was asked for.
func TestOtherTrees(t *testing.T) {
	r := newRepository(t, "sha1")
	base, other := r.base(), r.write("--empty", map[string]string{"100644 README.md": "other"})
	changes := []Change{{Path: "README.md", Blob: strings.Repeat("2", 40)}}
	for name, read := range map[string]func(string) (Tree, error){
		"another tree": func(string) (Tree, error) { return r.read(other) },
		"one less":     func(id string) (Tree, error) { tree, err := r.read(id); return tree[1:], err },
		"another mode": func(id string) (Tree, error) { tree, err := r.read(id); tree[0].Mode = Executable; return tree, err },
		"no hex":       func(id string) (Tree, error) { tree, err := r.read(id); tree[0].ID = "x"; return tree, err },
		"an error":     func(string) (Tree, error) { return nil, errors.New("no answer") },
	} {
		if _, _, err := Apply(base, changes, read); err == nil {
			t.Errorf("%s is believed", name)
		}
	}
	if _, _, err := Apply(base, changes, r.read); err != nil {
		t.Errorf("control: %v", err)
	}
}

// TestHiddenEntries: of two entries of one name git shows one.
func TestHiddenEntries(t *testing.T) {
	one := Entry{"a", File, strings.Repeat("1", 40)}
	for name, tree := range map[string]Tree{
		"twice":   {one, {"a", Executable, strings.Repeat("2", 40)}},
		"a slash": {{"a/b", File, one.ID}},
	} {
		id, _ := Length(40).Tree(tree)
		data, _ := tree.Encode()
		if _, err := ParseTree(id, data); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

func FuzzParseTree(f *testing.F) {
	good, _ := Tree{{"a", File, strings.Repeat("1", 40)}, {"b", Folder, strings.Repeat("2", 40)}}.Encode()
	f.Add(good)
	f.Add([]byte("100644 a\x00short"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, n := range []Length{40, 64} {
			tree, err := ParseTree(n.id("tree", data), data)
			if err != nil {
				continue
			}
			if again, err := tree.Encode(); err != nil || !bytes.Equal(again, data) {
				t.Errorf("%q is written as %q: %v", data, again, err)
			}
		}
	})
}
