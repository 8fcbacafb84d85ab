package plan

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/leaks"
)

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

// secretFile is recognised by package leaks, and is no real one.
var secretFile = "AGE-SECRET-" + "KEY-1" + strings.Repeat("Q", 53) + "\n"

// TestKeysAreRefused: a key is no asset and no change, under any name; only its size decides whether it is looked for.
func TestKeysAreRefused(t *testing.T) {
	f := newFixture(t)
	f.publications = f.publications[:1]
	f.write("dist/NOTICE.tar.gz", secretFile)
	r, err := f.run(f.options())
	if !errors.Is(err, marketops.NothingSelected) || r.Plan.Rejected[0].Code != marketops.SecretSuspected || strings.Contains(string(r.PlanBytes), "QQQQ") {
		t.Errorf("an asset: %v", err)
	}
	f.write("dist/NOTICE.tar.gz", secretFile+strings.Repeat("x", leaks.MaxFile))
	if r := f.planned(); len(r.Plan.Rejected) > 0 {
		t.Errorf("a file that is no key: %+v", r.Plan.Rejected)
	}
	f = changing(t, at("docs/new.md"))
	f.write("new", secretFile)
	if r, err := f.run(f.options()); !errors.Is(err, marketops.NothingSelected) || r.Plan.Rejected[0].Code != marketops.SecretSuspected {
		t.Errorf("a change: %v", err)
	}
}

func TestSaidOfFiles(t *testing.T) {
	for name, c := range map[string]struct{ data, rule string }{
		"a pointer":     {pointer, "lfs-pointer"},
		"an old one":    {strings.Replace(pointer, "git-lfs", "hawser", 1), "lfs-pointer"},
		"UTF-8":         {"\xef\xbb\xbfa", "byte-order-mark"},
		"UTF-16 LE":     {"\xff\xfea\x00\n\x00", "byte-order-mark"},
		"UTF-16 BE":     {"\xfe\xff\x00a\x00\n", "byte-order-mark"},
		"UTF-32":        {"\xff\xfe\x00\x00a\x00\x00\x00", "byte-order-mark"},
		"text":          {"version https://git-lfs.github.com/spec/v1 is what a pointer begins with", ""},
		"MP3":           {"\xff\xfb\x90\x44\x00\x00\x00\x00", ""},
		"binary":        {"\xff\xfe\x93\x44\x12\x99\x00\x00\x55", ""},
		"a mark inside": {"a\xef\xbb\xbf", ""},
	} {
		var got candidate
		got.noteContent("x", []byte(c.data))
		if c.rule == "" && len(got.findings) == 0 {
			continue
		}
		if len(got.findings) != 1 || got.findings[0].Rule != c.rule {
			t.Errorf("%s: %+v", name, got.findings)
		}
	}
}

// TestReplacedPointer: a change that puts a file where Git LFS has its pointer is said.
func TestReplacedPointer(t *testing.T) {
	f := changing(t, FileChange{"model.bin", "new", ""}, FileChange{"docs/new.md", "new", ""})
	f.source.put(map[string]string{"100644 model.bin": pointer}, map[string]string{"100644 a.md": "a\n"})
	r := f.planned()
	if len(r.Plan.Findings) != 1 || r.Plan.Findings[0].Rule != "lfs-pointer" || !strings.Contains(r.Plan.Findings[0].Text, "in the place of its pointer") {
		t.Errorf("%+v", r.Plan.Findings)
	}
}

// TestEmptyPull: a branch without a commit beyond its base makes no pull request.
func TestEmptyPull(t *testing.T) {
	f := newFixture(t)
	f.publications = []Publication{{Kind: marketops.OpenPR, Repository: "octo-org/widgets", Base: "main", Head: "next", Title: "Next"}}
	f.source.branches["octo-org/widgets next"] = older
	if r, err := f.run(f.options()); !errors.Is(err, marketops.NothingSelected) || !strings.Contains(r.Plan.Rejected[0].Reason, "would be empty") {
		t.Errorf("%v", err)
	}
	f.source.branches["octo-org/widgets next"] = forked
	f.planned()
}

// TestAltered: each file that is not the planned one any more is named; files elsewhere are not compared.
func TestAltered(t *testing.T) {
	f := newFixture(t)
	r := f.planned()
	if list, compared, err := r.Altered(context.Background()); err != nil || !compared || len(list) != 0 {
		t.Fatalf("%+v, %t, %v", list, compared, err)
	}
	f.write("dist/SHA256SUMS", "mums")
	f.write("dist/widget_linux.tar.gz", "other linux bytes")
	if err := os.Remove(filepath.Join(f.dir, "dist", "widget_darwin.tar.gz")); err != nil {
		t.Fatal(err)
	}
	list, compared, err := r.Altered(context.Background())
	if err != nil || !compared || len(list) != 3 {
		t.Fatalf("%+v, %t, %v", list, compared, err)
	}
	for i, says := range []string{"planned was", "not there any more", "bytes, planned were"} {
		if list[i].Operation != 1 || !strings.Contains(list[i].Problem, says) {
			t.Errorf("%+v", list[i])
		}
	}
	r.Sources.Root += "-elsewhere"
	if list, compared, err := r.Altered(context.Background()); err != nil || compared || list != nil {
		t.Errorf("%+v, %t, %v", list, compared, err)
	}
}

// TestPartial: a plan that leaves something out is one only where that is allowed, and is discarded whole.
func TestPartial(t *testing.T) {
	f := newFixture(t)
	f.tag().Target = "no-such-branch"
	o := f.options()
	if r, err := f.run(o); err != nil || len(r.Operations) != 1 {
		t.Fatal(err)
	}
	o = f.options()
	o.AllowPartial = false
	r, err := f.run(o)
	if !errors.Is(err, marketops.PlanPartial) || len(r.Plan.Rejected) != 1 {
		t.Fatal(err)
	}
	if err := r.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(o.Out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	f.tag().Target = older
	o.Run = f.options().Run
	if _, err := f.run(o); err != nil {
		t.Errorf("the same folder again: %v", err)
	}
}

// TestDiscardKeepsFolder: a folder that was there before stays, empty.
func TestDiscardKeepsFolder(t *testing.T) {
	f := newFixture(t)
	o := f.options()
	if err := os.MkdirAll(o.Out, 0o700); err != nil {
		t.Fatal(err)
	}
	r, err := f.run(o)
	if err == nil {
		err = r.Discard()
	}
	if list, lerr := os.ReadDir(o.Out); err != nil || lerr != nil || len(list) > 0 {
		t.Errorf("%v, %v, %v", list, err, lerr)
	}
}

// TestDiscardKeeps: what planning did not write stays.
func TestDiscardKeeps(t *testing.T) {
	f := newFixture(t)
	r := f.planned()
	mine := filepath.Join(r.Dir, "mine.txt")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Discard(); err == nil {
		t.Error("a folder with a file of the user's was removed")
	}
	if _, err := os.Lstat(mine); err != nil {
		t.Error(err)
	}
}
