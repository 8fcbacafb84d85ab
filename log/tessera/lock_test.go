package tessera

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
)

// childEnv makes the test binary play another process; its value is "<role> <root>".
const childEnv = "MARKETOPS_TEST_LOG_CHILD"

func TestMain(m *testing.M) {
	if role, root, ok := strings.Cut(os.Getenv(childEnv), " "); ok {
		child(role, root)
		return
	}
	os.Exit(m.Run())
}

func child(role, root string) {
	w, err := Open(context.Background(), options(root))
	if err != nil {
		fmt.Println("refused", marketops.CodeOf(err))
		os.Exit(0)
	}
	fmt.Println("opened")
	switch role {
	case "hold": // until stdin ends
		bufio.NewReader(os.Stdin).ReadString('\n')
	case "append":
		for i := range 20 {
			x, err := w.Append(context.Background(), leaf(i))
			if err != nil {
				os.Exit(1)
			}
			if _, err := w.Published(context.Background(), x); err != nil {
				os.Exit(1)
			}
		}
	case "flood": // until killed
		for g := range 4 {
			go func() {
				for i := 0; ; i++ {
					b := leaf(g*1_000_000 + i)
					if x, err := w.Append(context.Background(), b); err == nil {
						fmt.Printf("ack %d %s\n", x, b)
					}
				}
			}()
		}
		select {}
	}
	if err := w.Close(context.Background()); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func command(t *testing.T, role, root string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), childEnv+"="+role+" "+root)
	return c
}

func TestSecondWriterIsRefused(t *testing.T) {
	root := t.TempDir()
	o := options(root)
	w := start(t, o)
	refuses(t, "same process", o, marketops.CoreAlreadyRunning)
	alias := o
	alias.Dir = filepath.Join(root, "alias")
	if err := os.Symlink(o.Dir, alias.Dir); err != nil {
		t.Fatal(err)
	}
	refuses(t, "same process, another name", alias, marketops.CoreAlreadyRunning)
	out, err := command(t, "hold", root).Output()
	if err != nil || string(out) != "refused core-already-running\n" {
		t.Errorf("other process: %q, %v", out, err)
	}
	stop(t, w)
	out, err = command(t, "hold", root).Output()
	if err != nil || string(out) != "opened\n" {
		t.Errorf("other process, afterwards: %q, %v", out, err)
	}
	stop(t, start(t, o))
}

// One folder under two names: through links on the way to it, from this process and from another;
// and under a name that no path shows to be the same, as behind a bind mount, where the lock on the
// file itself must hold.
func TestOneFolderUnderOtherNames(t *testing.T) {
	root := t.TempDir()
	o := options(filepath.Join(root, "real"))
	w := start(t, o)
	link := filepath.Join(root, "link")
	if err := os.Symlink(filepath.Join(root, "real"), link); err != nil {
		t.Fatal(err)
	}
	through := options(link)
	refuses(t, "through a link above it", through, marketops.CoreAlreadyRunning)
	out, err := command(t, "hold", link).Output()
	if err != nil || string(out) != "refused core-already-running\n" {
		t.Errorf("other process, through a link: %q, %v", out, err)
	}
	opened.Lock()
	delete(opened.dirs, w.lock.dir)
	opened.Unlock()
	refuses(t, "where the registry does not know the name", o, marketops.CoreAlreadyRunning)
	stop(t, w)
	stop(t, start(t, through)) // the control
}

func TestWriterOfAnotherProcessIsRespected(t *testing.T) {
	root := t.TempDir()
	c := command(t, "hold", root)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "opened\n" {
		t.Fatalf("%q, %v", line, err)
	}
	refuses(t, "while it runs", options(root), marketops.CoreAlreadyRunning)
	in.Close()
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	push(t, start(t, options(root)), leaf(0))
}

// A killed process holds no lock and has lost nothing that it acknowledged.
func TestKilledWriterLosesNothing(t *testing.T) {
	root := t.TempDir()
	acked := map[uint64]string{}
	for range 3 {
		c := command(t, "flood", root)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines, before := bufio.NewScanner(out), len(acked)
		for killed := false; lines.Scan(); {
			var x uint64
			if n, _ := fmt.Sscanf(lines.Text(), "ack %d", &x); n != 1 {
				continue
			}
			if old, twice := acked[x]; twice {
				t.Fatalf("index %d was given twice: %q and %q", x, old, lines.Text())
			}
			acked[x] = lines.Text()[strings.Index(lines.Text(), "leaf"):]
			if !killed && len(acked) >= before+40 {
				killed = true
				if err := c.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Wait()
	}
	o := options(root)
	w := start(t, o)
	last := push(t, w, leaf(0))
	tree := log.NewTree(publish(t, w, last), files(o))
	for x, want := range acked {
		if got, err := tree.Entry(x); err != nil || string(got) != want {
			t.Errorf("entry %d is %q, %v; acknowledged was %q", x, got, err, want)
		}
	}
	if len(acked) < 120 {
		t.Errorf("only %d acknowledged", len(acked))
	}
	stop(t, w)
	check(t, o)
}

func TestNothingOnStderr(t *testing.T) {
	c := command(t, "append", t.TempDir())
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if out, err := c.Output(); err != nil || string(out) != "opened\n" {
		t.Fatalf("%q, %v", out, err)
	}
	if stderr.Len() != 0 {
		t.Errorf("stderr has %q", stderr.String())
	}
}

// A frozen log takes no more entries, and nothing in it can be written; it is read as before.
func TestFreeze(t *testing.T) {
	o := options(t.TempDir())
	w := start(t, o)
	push(t, w, leaf(0))
	stop(t, w)
	stop(t, start(t, o)) // the control
	for range 2 {
		if err := Freeze(o.Dir, o.RecordsDir); err != nil {
			t.Fatal(err)
		}
	}
	refuses(t, "frozen", o, marketops.LogUnavailable)
	err := filepath.WalkDir(o.Dir, func(path string, d fs.DirEntry, err error) error {
		if i, ierr := d.Info(); err != nil || ierr != nil || i.Mode().Perm()&0o222 != 0 {
			t.Errorf("%s can be written: %v %v", path, err, ierr)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, o)
	filepath.WalkDir(o.Dir, func(path string, d fs.DirEntry, err error) error { return os.Chmod(path, 0o700) }) // for the test's own clean-up
}
