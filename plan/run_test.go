package plan

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
)

// Each case spoils one sealed folder; reopening it unspoilt is the control.
func TestOpenRefuses(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"control":          func(string) error { return nil },
		"no run.json":      func(d string) error { return os.Remove(filepath.Join(d, "run.json")) },
		"no plan":          func(d string) error { return os.Remove(filepath.Join(d, "plan.json")) },
		"no document":      func(d string) error { return os.Remove(filepath.Join(d, "operations/2.json")) },
		"no sources":       func(d string) error { return os.Remove(filepath.Join(d, "sources.json")) },
		"edited document":  func(d string) error { return replace(d, "operations/1.json", "Widgets 1.4.0", "Widgets 1.4.1") },
		"edited plan":      func(d string) error { return replace(d, "plan.json", "v0.3.1", "v0.3.2") },
		"edited run id":    func(d string) error { return replace(d, "run.json", `"r-`, `"x-`) },
		"other schema":     func(d string) error { return replace(d, "run.json", "run/v1", "run/v2") },
		"files renamed":    func(d string) error { return replace(d, "sources.json", `"SHA256SUMS"`, `"sums"`) },
		"path climbs":      func(d string) error { return replace(d, "sources.json", `dist/SHA256SUMS`, `../SHA256SUMS`) },
		"relative root":    func(d string) error { return replace(d, "sources.json", `"root":"/`, `"root":"`) },
		"plan behind link": func(d string) error { return linked(d, "plan.json") },
		"document linked":  func(d string) error { return linked(d, "operations/1.json") },
		"documents linked": func(d string) error { return linked(d, "operations") },
		"plan is a folder": func(d string) error {
			os.Remove(filepath.Join(d, "plan.json"))
			return os.Mkdir(filepath.Join(d, "plan.json"), 0o700)
		},
		"run.json too long": func(d string) error {
			return os.WriteFile(filepath.Join(d, "run.json"), make([]byte, maxInfo+1), 0o600)
		},
	} {
		r := newFixture(t).planned()
		if err := spoil(r.Dir); err != nil {
			t.Fatal(name, err)
		}
		again, err := Open(r.Dir)
		if (err == nil) != (name == "control") {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !errors.Is(err, marketops.StateMissing) && !errors.Is(err, marketops.FileUnsafe) && !errors.Is(err, marketops.PlanMismatch) {
			t.Errorf("%s has another code: %v", name, err)
		}
		if again != nil {
			again.Close()
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, marketops.StateMissing) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func replace(dir, name, old, new string) error {
	name = filepath.Join(dir, name)
	b, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(b), old) {
		return errors.Join(err, fs.ErrNotExist)
	}
	return os.WriteFile(name, []byte(strings.ReplaceAll(string(b), old, new)), 0o600)
}

// linked moves a file or folder away and leaves a link to it, inside the run folder.
func linked(dir, name string) error {
	name = filepath.Join(dir, name)
	return errors.Join(os.Rename(name, name+".moved"), os.Symlink(filepath.Base(name)+".moved", name))
}

func TestPutAndGet(t *testing.T) {
	r := newFixture(t).planned()
	for range 2 {
		if err := r.Put("receipts/1.json", []byte("a receipt")); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := r.Get("receipts/1.json", 9); err != nil || string(b) != "a receipt" {
		t.Errorf("got %q, %v", b, err)
	}
	if _, err := r.Get("receipts/1.json", 8); err == nil {
		t.Error("more than the limit was read")
	}
	if _, err := r.Get("receipts/2.json", 9); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, marketops.StateMissing) {
		t.Errorf("a missing file gave %v", err)
	}
	if names, err := r.List("receipts"); err != nil || len(names) != 1 || names[0] != "1.json" {
		t.Errorf("the folder lists %q, %v", names, err)
	}
	if names, err := r.List("outbox"); err != nil || names != nil {
		t.Errorf("a folder that is not there lists %q, %v", names, err)
	}
	fi, err := os.Stat(filepath.Join(r.Dir, "receipts/1.json"))
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, %v", fi.Mode(), err)
	}
	target := filepath.Join(t.TempDir(), "victim")
	if err := os.Symlink(target, filepath.Join(r.Dir, "submission.json")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"submission.json", "../x", "/tmp/x", "a/../../x", "", ".", "receipts"} {
		if err := r.Put(name, []byte("x")); err == nil {
			t.Errorf("%q was written", name)
		}
	}
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a link was followed")
	}
}

func TestFindRun(t *testing.T) {
	state := t.TempDir()
	one, two := "r-"+strings.Repeat("a", 32), "r-"+strings.Repeat("a", 31)+"b"
	for _, id := range []string{one, two} {
		if err := os.MkdirAll(filepath.Join(state, "runs", id), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r := newFixture(t).planned()
	for arg, want := range map[string]string{
		one: filepath.Join(state, "runs", one), one[:33]: "", one[:33] + "b": filepath.Join(state, "runs", two),
		r.Dir: r.Dir, "r-": "", "r-ff": "", "": "", state: "", "../r-aaaa": "", "r-*": "",
	} {
		got, err := FindRun(state, arg)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v, want %q", arg, got, err, want)
		}
		if err != nil && !errors.Is(err, marketops.StateMissing) {
			t.Errorf("%q: %v", arg, err)
		}
	}
}

func content(t *testing.T, r *Run, n int) []*Content {
	t.Helper()
	list, err := r.Content(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func read(t *testing.T, c *Content) string {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What was measured stays what is sent, whatever happens to the file afterwards.
func TestContentIsWhatWasMeasured(t *testing.T) {
	f := newFixture(t)
	r := f.planned()
	list := content(t, r, 1)
	f.write("dist/widget_linux.tar.gz", "LINUX BYTES")
	if err := os.Remove(filepath.Join(f.dir, "dist/SHA256SUMS")); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"sums", "darwin bytes", "linux bytes"} {
		c := list[i]
		if got := read(t, c); got != want || c.Measured != c.Planned || c.Measured != marketops.DigestOf([]byte(want)) || c.Problem != "" {
			t.Errorf("content %d is %q: %+v", i, got, c)
		}
	}
	if again := content(t, r, 1); again[2] != list[2] {
		t.Error("the files were measured twice")
	}
	if none := content(t, r, 2); none == nil || len(none) != 0 {
		t.Errorf("a tag has %v; nil would mean that nothing was measured", none)
	}
	if _, err := r.Content(context.Background(), 3); !errors.Is(err, marketops.StateMissing) {
		t.Errorf("operation 3: %v", err)
	}
	names, err := os.ReadDir(r.Dir)
	for _, n := range names {
		if strings.HasPrefix(n.Name(), ".content") {
			t.Errorf("the copy %s can be opened by others, %v", n.Name(), err)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := list[0].ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("content can be read after the run was closed")
	}
}

func TestContentThatIsNotAsPlanned(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fixture)
		want   marketops.Digest
	}{
		"same size": {func(f *fixture) { f.write("dist/SHA256SUMS", "SUMS") }, marketops.DigestOf([]byte("SUMS"))},
		"longer":    {func(f *fixture) { f.write("dist/SHA256SUMS", "sums+") }, marketops.DigestOf([]byte("sums+"))},
		"missing":   {func(f *fixture) { os.Remove(filepath.Join(f.dir, "dist/SHA256SUMS")) }, marketops.Digest{}},
		"linked": {func(f *fixture) {
			os.Remove(filepath.Join(f.dir, "dist/SHA256SUMS"))
			f.write("sums", "sums")
			os.Symlink("../sums", filepath.Join(f.dir, "dist/SHA256SUMS"))
		}, marketops.Digest{}},
		"folder linked": {func(f *fixture) {
			away := filepath.Join(filepath.Dir(f.dir), "away-"+filepath.Base(f.dir))
			os.Rename(filepath.Join(f.dir, "dist"), away)
			os.Symlink(away, filepath.Join(f.dir, "dist"))
		}, marketops.Digest{}},
		"a folder": {func(f *fixture) {
			os.Remove(filepath.Join(f.dir, "dist/SHA256SUMS"))
			os.Mkdir(filepath.Join(f.dir, "dist/SHA256SUMS"), 0o700)
		}, marketops.Digest{}},
		"no folder": {func(f *fixture) { os.RemoveAll(f.dir) }, marketops.Digest{}},
	} {
		f := newFixture(t)
		r := f.planned()
		c.change(f)
		got := content(t, r, 1)[0]
		if got.Measured != c.want || got.Problem == "" || got.Size() != 0 || got.Name != "SHA256SUMS" {
			t.Errorf("%s: %+v", name, got)
		}
		if n, err := got.ReadAt(make([]byte, 4), 0); n != 0 || err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: %d bytes can be read, %v", name, n, err)
		}
	}
}

func TestContentFromAnotherFolder(t *testing.T) {
	f, other := newFixture(t), t.TempDir()
	r := f.planned()
	r.UseAssets(other)
	for name, text := range map[string]string{"SHA256SUMS": "sums", "widget_linux.tar.gz": "evil bytes!", "dist/widget_darwin.tar.gz": "darwin bytes"} {
		path := filepath.Join(other, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	list := content(t, r, 1)
	if read(t, list[0]) != "sums" || read(t, list[1]) != "darwin bytes" || list[2].Problem == "" || list[2].Measured != marketops.DigestOf([]byte("evil bytes!")) {
		t.Errorf("got %+v %+v %+v", list[0], list[1], list[2])
	}
}

func TestJournalSurvives(t *testing.T) {
	r := newFixture(t).planned()
	now := func() time.Time { return base }
	j, err := r.Journal(now)
	if err != nil {
		t.Fatal(err)
	}
	op := r.Plan.Operations[0].Operation
	for _, v := range []string{"1", "2"} {
		if err := j.Operation(op).Record("release", v); err != nil {
			t.Fatal(err)
		}
	}
	second, err := Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := second.Journal(now); !errors.Is(err, marketops.OperationInFlight) {
		t.Errorf("two hold one journal: %v", err)
	}
	r.Close()
	torn(t, second.Dir, `{"at":"2026-11-22T10:00:00Z","ki`)
	j, err = second.Journal(now)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := j.Operation(op).Recall("release"); !ok || v != "2" {
		t.Errorf("recalled %q, %v", v, ok)
	}
	if v, ok := j.Operation(r.Plan.Operations[1].Operation).Recall("release"); ok {
		t.Errorf("another operation recalls %q", v)
	}
	if err := j.Operation(op).Append("call", map[string]int{"status": 201}); err != nil {
		t.Fatal(err)
	}
	entries, err := second.Entries()
	if err != nil || entries[len(entries)-1].Kind != "call" || entries[len(entries)-1].Operation != op {
		t.Errorf("the last entry is %+v, %v", entries[len(entries)-1], err)
	}
	second.Close()
	torn(t, second.Dir, "{\"not\":\"an entry\"}\n")
	third, err := Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if _, err := third.Journal(now); !errors.Is(err, marketops.StateMissing) {
		t.Errorf("a journal with a foreign line opens: %v", err)
	}
}

// After a write that failed nobody knows what the file holds, so no later line may count.
func TestJournalStopsAtAFailedWrite(t *testing.T) {
	r := newFixture(t).planned()
	j, err := r.Journal(clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append("control", 1); err != nil {
		t.Fatal(err)
	}
	good := j.file
	if j.file, err = os.Open(good.Name()); err != nil {
		t.Fatal(err)
	}
	op := j.Operation(r.Plan.Operations[0].Operation)
	if err := op.Record("key", "value"); !errors.Is(err, marketops.DiskFull) {
		t.Errorf("a file that cannot be written: %v", err)
	}
	if v, ok := op.Recall("key"); ok {
		t.Errorf("what is not on disk is recalled: %q", v)
	}
	j.file.Close()
	j.file = good
	if err := op.Record("key", "value"); !errors.Is(err, marketops.DiskFull) {
		t.Errorf("a line after a failed one: %v", err)
	}
	if err := j.Append("long", strings.Repeat("x", MaxJournalLine)); !errors.Is(err, marketops.DiskFull) {
		t.Errorf("a line without end: %v", err)
	}
}

func torn(t *testing.T, dir, text string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "journal.jsonl"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}
