//go:build large

package large

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
)

const (
	files     = 1000
	rate      = 300                          // two hours in 24 seconds
	lifetime  = 2*time.Hour + 15*time.Minute // of a receipt: all writes fit in, at 500 an hour
	nearEnd   = 10 * time.Minute             // of the first receipt
	firstKill = 150                          // uploads
	lastKill  = 300
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a world with a project, and a clock that runs fast if its rate is above 1.
type world struct {
	*testing.T
	*testenv.World
	ctx   context.Context
	begun int // publishers
}

func newWorld(t *testing.T, v testenv.Variant, rate int, edits ...string) *world {
	t.Helper()
	bin := t.TempDir()
	must(t, testenv.Build(context.Background(), bin, v))
	made, err := testenv.New(testenv.Options{Bin: bin, Secrets: []string{"GITHUB_TOKEN=" + testenv.Token, "MARKETOPS_PASSWORD=", "MARKETOPS_READ_TOKEN=" + testenv.Token}})
	must(t, err)
	w := &world{t, made, context.Background(), 0}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.Talk())
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	if rate > 1 {
		w.FastClock(rate)
	}
	must(t, w.StartGitHub())
	_, err = w.Init() // not the state that worlds share: its dates are those of the clock
	must(t, err)
	must(t, w.DecryptKeys())
	must(t, w.EditCore(edits...))
	must(t, w.StartCore())
	w.write("marketops.yaml", fmt.Sprintf(project, w.API, w.Uploads))
	return w
}

const project = `version: 1
github:
  api: %s
  uploads: %s
publications:
  - kind: publish_release
    repository: octo-org/widgets
    tag: v1.4.0
    target: main
    make_latest: "true"
    assets: ["dist/*"]
`

func (w *world) write(name, text string) {
	w.Helper()
	must(w.T, os.MkdirAll(filepath.Dir(w.Path(name)), 0o755))
	must(w.T, os.WriteFile(w.Path(name), []byte(text), 0o644))
}

// tries is how often a command is typed: a call that a busy machine answers a fraction of a second late is a minute late.
const tries = 10

func (w *world) run(args ...string) {
	w.Helper()
	var out []byte
	var err error
	for range tries {
		if out, err = w.World.Run(w.ctx, "marketops", args...); err == nil {
			return
		}
	}
	w.T.Fatalf("%v\n%s", err, out)
}

// effect is what the practice GitHub changed, and request what it was asked.
type effect struct{ Kind, Subject, Object string }

type request struct {
	Method, Operation string
	Status            int
	Effect            bool
	At                time.Time
}

func seen[T any](w *world, what string) (all []T) {
	w.Helper()
	out, err := w.World.Run(w.ctx, "practice-github", what, "--json", "--admin", w.Admin)
	must(w.T, err)
	must(w.T, json.Unmarshal(out, &all))
	return all
}

func (w *world) count(kind string) (n int) {
	for _, e := range seen[effect](w, "effects") {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// start begins a publisher.
func (w *world) start() *testenv.Server {
	w.Helper()
	p, err := w.World.Start(w.Command(w.ctx, "marketops", "publish", "run", "--mode", "prod"), "")
	must(w.T, err)
	w.begun++
	return p
}

// killed publishes until so many files are on GitHub, and kills the publisher there.
func (w *world) killed(uploads int) {
	w.Helper()
	p := w.start()
	must(w.T, testenv.Await(func() error {
		n := w.count("asset-uploaded")
		if n < uploads && p.Ended() && w.begun < tries {
			p = w.start()
		}
		if n < uploads {
			return fmt.Errorf("%d uploads", n)
		}
		return nil
	}))
	if state := p.Stop(syscall.SIGKILL); !testenv.Killed(state) {
		w.T.Fatalf("it was not killed: %s\n%s", state, p)
	}
}

// files are what the release holds, by name.
func (w *world) writeFiles() map[string]string {
	w.Helper()
	want := map[string]string{}
	for i := range files {
		name, text := fmt.Sprintf("part-%04d.bin", i+1), fmt.Sprintf("the bytes of part %d\n", i+1)
		sum := sha256.Sum256([]byte(text))
		want[name] = "sha256:" + hex.EncodeToString(sum[:])
		w.write("dist/"+name, text)
	}
	return want
}

// uploadedOnce demands that GitHub took each file once and nothing else, and made one draft, one tag and one release of it. A tag object that is made
// again is the same one.
func (w *world) uploadedOnce(want map[string]string) {
	w.Helper()
	kinds, got := map[string]int{}, map[string]string{}
	for _, e := range seen[effect](w, "effects") {
		if kinds[e.Kind]++; e.Kind == "asset-uploaded" {
			got[e.Subject] = e.Object
		}
	}
	if !maps.Equal(got, want) {
		w.T.Errorf("%d files arrived, not the %d planned ones", len(got), len(want))
	}
	once := map[string]int{"asset-uploaded": len(want), "draft-created": 1, "ref-created": 1, "release-published": 1}
	if delete(kinds, "tag-object-made"); !maps.Equal(kinds, once) {
		w.T.Errorf("GitHub changed %v, want %v", kinds, once)
	}
}

// keptPace demands that GitHub saw no more writes than it allows, and that no write was wasted but those that a publisher had
// on their way when it was stopped. Each makes the tag object again, which is the same one. A write is counted before it is sent, and may be late.
func (w *world) keptPace() {
	w.Helper()
	const late = 2 * time.Minute
	var at []time.Time
	uploads := 0
	for _, r := range seen[request](w, "requests") {
		if r.Method != "GET" {
			at = append(at, r.At)
		}
		if r.Operation == "repos/upload-release-asset" {
			uploads++
		}
	}
	if others := len(at) - uploads; uploads < files || uploads > files+w.begun || others > 3+w.begun {
		w.T.Errorf("%d uploads of %d files and %d other writes by %d publishers", uploads, files, others, w.begun)
	}
	for i := 500; i < len(at); i++ {
		if d := at[i].Sub(at[i-500]); d < time.Hour-late {
			w.T.Errorf("501 writes in %s", d)
		}
	}
}

// TestThousandFiles publishes 1000 files at GitHub's pace, under two receipts, with a publisher that is killed twice. The
// machine is off until the first receipt is nearly over.
func TestThousandFiles(t *testing.T) {
	begun := time.Now()
	w := newWorld(t, testenv.FastClock, rate, `receipt_lifetime: "2h0m0s"`, fmt.Sprintf("receipt_lifetime: %s", lifetime))
	want := w.writeFiles()
	for _, line := range [][]string{{"plan", "-o", "run"}, {"submit", "run"}, {"approve", "run", "--key", "alice.pem"}, {"authorize", "run"}} {
		w.run(line...)
	}
	authorized := time.Now()
	w.killed(firstKill)
	w.killed(lastKill)
	time.Sleep(time.Until(authorized.Add((lifetime - nearEnd) / rate)))
	said, done := w.publish()
	for range tries {
		if done || strings.Contains(said, "rejected: ") {
			break
		}
		said, done = w.publish()
	}
	if done || !strings.Contains(said, "rejected: expired") && !strings.Contains(said, "rejected: receipt-too-short") {
		t.Fatalf("the first receipt has not ended: %s", said)
	}
	half := w.count("asset-uploaded")
	if half <= lastKill || half >= files || !strings.Contains(said, fmt.Sprintf("with %d of %d files", half, files)) {
		t.Fatalf("%d files are on GitHub: %s", half, said)
	}
	w.run("authorize", "run")
	for range tries {
		if said, done = w.publish(); done {
			break
		}
	}
	t.Logf("%d files under the first receipt; the whole took %s", half, time.Since(begun).Round(time.Second))
	if !done {
		t.Fatalf("the second receipt was not enough: %s", said)
	}
	w.uploadedOnce(want)
	w.keptPace()
	w.recorded()
}

// publish publishes once, and says what the command did, and whether it was done.
func (w *world) publish() (said string, done bool) {
	w.begun++
	out, err := w.World.Run(w.ctx, "marketops", "publish", "run", "--mode", "prod")
	return string(out), err == nil
}

// recorded demands that the log tells of two receipts, one that ended and one that succeeded, and that log and pack verify.
func (w *world) recorded() {
	w.Helper()
	all, _, err := w.Accounts()
	must(w.T, err)
	var ends []string
	for _, a := range all {
		if a.Run != "" {
			ends = append(ends, strings.Join(a.Outcomes, " "))
		}
	}
	slices.Sort(ends)
	if !slices.Equal(ends, []string{"rejected", "success"}) {
		w.T.Errorf("the receipts ended as %q", ends)
	}
	must(w.T, w.Audit(w.ctx))
	w.run("pack", "run", "-o", "widgets.mopack")
	if out, err := w.World.Run(w.ctx, "marketops-verify", "widgets.mopack", "--trust", ".marketops/trust.json"); err != nil {
		w.T.Errorf("%v\n%s", err, out)
	}
}
