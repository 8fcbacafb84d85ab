//go:build disk && linux && amd64

package disk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
)

// bin holds the binaries, built once.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = os.MkdirTemp("", "disk-bin"); err == nil {
			defer os.RemoveAll(bin)
			err = testenv.Build(context.Background(), bin, testenv.Fast)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// world is one whose Core runs under the filter.
type world struct {
	testing.TB
	*testenv.World
	core *program
	runs int
}

// newWorld may have small disks of its own, for the folders with these names.
func newWorld(t *testing.T, disks ...string) *world {
	t.Helper()
	made, err := testenv.New(testenv.Options{Bin: bin, Repos: repos[:], Flags: []string{"--limit", "10000000"}})
	w := &world{TB: t, World: made}
	w.ok(err)
	t.Cleanup(func() { w.Close() })
	for _, d := range disks {
		w.mount(w.Path(d))
	}
	w.ok(w.StartGitHub())
	w.ok(w.MakeState())
	w.ok(w.EditCore("max_receipts_per_repository: 20", "max_receipts_per_repository: 10000", "max_submissions_per_day: 500", "max_submissions_per_day: 10000", "max_submissions_per_person: 100", "max_submissions_per_person: 10000"))
	w.ok(w.startCore(nil))
	t.Cleanup(func() { w.killCore() })
	return w
}

// repos are those of the practice GitHub.
var repos = [...]string{"octo-org/disk-0", "octo-org/disk-1", "octo-org/disk-2", "octo-org/disk-3"}

const diskSize = 160 << 20 // bytes; more than the Core's reserve

func (w *world) mount(dir string) {
	w.Helper()
	w.ok(os.MkdirAll(dir, 0o700))
	w.ok(syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", diskSize)))
	w.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// fill leaves so many KiB free on the disk of a folder; unfill gives the space back.
func (w *world) fill(folder string, kib int) {
	var at syscall.Statfs_t
	err := syscall.Statfs(w.Path(folder), &at)
	if free := int64(at.Bavail)*at.Bsize - int64(kib)<<10; err == nil && at.Blocks*uint64(at.Bsize) == diskSize && free > 0 {
		err = os.WriteFile(w.Path(folder, "ballast"), make([]byte, free), 0o600)
	}
	if err != nil {
		w.Error(err)
	}
}

func (w *world) unfill(folder string) {
	w.Helper()
	if err := os.Remove(w.Path(folder, "ballast")); !errors.Is(err, fs.ErrNotExist) {
		w.ok(err)
	}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) launch(f *fault, folders []string, name string, args ...string) *program {
	w.Helper()
	p, err := launch(w.Dir, append(w.Environment(), w.Secrets...), folders, f, append([]string{filepath.Join(bin, name)}, args...)...)
	w.ok(err)
	return p
}

// startCore returns when the Core answers, or with what it said if it ended instead.
func (w *world) startCore(f *fault) error {
	w.core = w.launch(f, []string{w.Path(".marketops")}, "marketops-core", "serve")
	return testenv.Await(func() error {
		select {
		case <-w.core.done:
			return fmt.Errorf("%w with %d:\n%s", testenv.ErrEnded, w.core.end(), w.core.out.String())
		default:
			return w.DialCore()
		}
	})
}

// killCore is what ends a Core: nothing is put in order.
func (w *world) killCore() {
	w.core.cmd.Process.Kill()
	w.core.end()
}

// do runs a command undisturbed.
func (w *world) do(args ...string) []byte {
	w.Helper()
	out, err := w.Run(context.Background(), "marketops", args...)
	if err != nil {
		w.Fatalf("%v\n%s\nthe Core said:\n%s", err, out, w.core.tail())
	}
	return out
}

// tail is what a program that has ended said last.
func (p *program) tail() string {
	select {
	case <-p.done:
		return p.out.String()
	default:
		return "(it runs)"
	}
}

// run is one tag, authorised.
type run struct {
	*world
	dir, repository, tag, receipt string
}

const project = `version: 1
github:
  api: %s
  uploads: %s
publications:
  - kind: tag_repo
    repository: %s
    tag: %s
    target: main
    message: %[4]s
    tagger: {name: Release Bot, email: release@example.com}
`

func (w *world) authorised() *run {
	w.Helper()
	w.runs++
	r := &run{world: w, dir: fmt.Sprintf("home/run-%d", w.runs), repository: repos[w.runs%len(repos)], tag: fmt.Sprintf("v%d.0.0", w.runs)}
	w.ok(os.WriteFile(w.Path("marketops.yaml"), fmt.Appendf(nil, project, w.API, w.Uploads, r.repository, r.tag), 0o600))
	for _, args := range [][]string{{"plan", "-o", r.dir}, {"submit", r.dir}, {"approve", r.dir, "--key", "alice.pem"}, {"authorize", r.dir}} {
		w.do(args...)
	}
	r.receipt = r.claim().Receipt.ReceiptID
	return r
}

type claimState struct {
	Receipt struct {
		ReceiptID string `json:"receipt_id"`
	}
	State, Outcome string
}

func (r *run) claim() (c claimState) {
	r.Helper()
	r.ok(json.Unmarshal(r.do("receipt", "show", filepath.Join(r.dir, "receipts", "1.json"), "--json"), &c))
	return c
}

// ending is how one publish ended.
type ending struct {
	exit   int // -1: killed
	struck []string
	status string // of the operation
	code   string
	leaf   string // where the outcome is said to be
	said   string
}

func (e ending) String() string {
	return fmt.Sprintf("exit %d, %s %s, struck %q", e.exit, e.status, e.code, e.struck)
}

// publish is one process of a publisher, whose own folders, the run's and the user's, fail as told.
func (r *run) publish(f *fault) ending {
	r.Helper()
	p := r.launch(f, []string{r.Path("home")}, "marketops", "publish", r.dir, "--mode", "prod", "--json")
	late := time.AfterFunc(testenv.Patience, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	e := ending{exit: p.end(), struck: p.hits(), said: p.out.String()}
	e.read()
	return e
}

type problem struct{ Code string }

func (e *ending) read() {
	var v struct {
		Code       string // where there is no summary
		Problem    problem
		Operations []struct {
			Status  string
			Leaf    json.RawMessage
			Problem problem
		}
	}
	if _, object, found := strings.Cut("\n"+e.said, "\n{"); found {
		_ = json.NewDecoder(strings.NewReader("{" + object)).Decode(&v) // who was killed says nothing
	}
	e.code = v.Code + v.Problem.Code
	if len(v.Operations) == 1 {
		e.status, e.leaf = v.Operations[0].Status, string(v.Operations[0].Leaf)
		if e.code == "" {
			e.code = v.Operations[0].Problem.Code
		}
	}
}

// effects counts how often the tag was made.
func (r *run) effects() (n int) {
	r.Helper()
	all, err := r.Effects(context.Background())
	r.ok(err)
	for _, e := range all {
		if e.Kind == "ref-created" && e.Repo == r.repository && e.Subject == "refs/tags/"+r.tag {
			n++
		}
	}
	return n
}

// told is what the log on the disk tells of the run, read without the product.
func (r *run) told() testenv.Account {
	r.Helper()
	all, _, err := r.Accounts()
	r.ok(err)
	if a := all[r.receipt]; a != nil {
		return *a
	}
	return testenv.Account{}
}
