package core_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/server"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/test/testmain"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

const childEnv = "MARKETOPS_TEST_CORE"

// TestMain is the Core itself when the test starts its own binary again.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		fmt.Fprintln(os.Stderr, serveChild(dir))
		os.Exit(1)
	}
	os.Exit(testmain.Run(m))
}

func serveChild(dir string) error {
	keys, err := readSeeds(dir)
	if err != nil {
		return err
	}
	now := func() marketops.Time { return marketops.TimeOf(time.Now()) }
	c, err := core.Open(context.Background(), core.Options{
		State: dir, Config: config.DefaultCore(world.Origin).In(dir), Keys: issue.Keys{Authority: keys["authority"], Advisory: keys["advisory"], Ledger: keys["ledger"]},
		Checkpoint: keys["checkpoint"], Version: "child", Random: rand.Reader, Now: now, OpenLedger: openLedger,
		Free: core.FreeSpace, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	l, err := server.ListenUnix(filepath.Join(dir, "core.sock"))
	if err != nil {
		return err
	}
	fmt.Println("ready")
	log := slog.New(slog.DiscardHandler)
	return server.Serve(context.Background(), server.Handler(c, world.Origin, now, log), log, l)
}

func openLedger(path string, now func() marketops.Time) (core.Ledger, error) {
	return claims.Open(path, now)
}

func writeSeeds(w *world.World) {
	w.Helper()
	seeds := map[string]string{}
	for name, k := range w.Keys {
		seeds[name] = hex.EncodeToString(k.Seed())
	}
	must(w, os.WriteFile(filepath.Join(w.Dir, "seeds.json"), got(json.Marshal(seeds))(w), 0o600))
}

func readSeeds(dir string) (map[string]*crypto.PrivateKey, error) {
	b, err := os.ReadFile(filepath.Join(dir, "seeds.json"))
	if err != nil {
		return nil, err
	}
	var seeds map[string]string
	if err := json.Unmarshal(b, &seeds); err != nil {
		return nil, err
	}
	out := map[string]*crypto.PrivateKey{}
	for name, s := range seeds {
		seed, err := hex.DecodeString(s)
		if err != nil {
			return nil, err
		}
		if out[name], err = crypto.NewPrivateKey(seed); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// acks remembers what was answered, and kills the Core after so many answers.
type acks struct {
	mu      sync.Mutex
	entries []api.Entry
	left    atomic.Int64
	kill    func()
}

func (a *acks) entry(e api.Entry) {
	a.mu.Lock()
	a.entries = append(a.entries, e)
	a.mu.Unlock()
	if a.left.Add(-1) == 0 {
		a.kill()
	}
}

// TestKilled kills the Core at random moments of real traffic. What was answered stays true, no
// claim is lost or granted twice, and every operation that was begun can be brought to one outcome.
func TestKilled(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	w.UseRealClock()
	var begun []*world.Run
	for range 18 {
		begun = append(begun, w.Ready())
	}
	writeSeeds(w)
	w.Stop()
	a := &acks{}
	for round := range 3 {
		killRound(w, a, begun, int64(3+mrand.IntN(10)), round)
	}
	w.Start()
	for _, s := range begun {
		finish(s, a)
	}
	judgeLog(w, a, begun)
}

// TestKilledBeforeSealed kills the Core as soon as an outcome is answered, when no checkpoint covers
// it yet. The next one seals the run all the same.
func TestKilledBeforeSealed(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	w.UseRealClock()
	begun := []*world.Run{w.Ready(), w.Ready(), w.Ready(), w.Ready()}
	writeSeeds(w)
	w.Stop()
	for i := range begun {
		killRound(w, &acks{}, begun[i:i+1], 3, 0) // claim, intent, outcome
	}
	w.Start()
	for _, s := range begun {
		if _, names := w.Records(s.ID); !slices.Contains(names, "outcome") || !slices.Contains(names, "run-closed") {
			t.Errorf("the run has %q", names)
		}
	}
}

// killRound serves in a process of its own, until it was killed after so many answers.
func killRound(w *world.World, a *acks, begun []*world.Run, answers int64, round int) {
	w.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), childEnv+"="+w.Dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(w, err)
	must(w, child.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		child.Process.Kill()
		w.Fatalf("round %d: the Core did not start: %q %v", round, line, err)
	}
	a.left.Store(answers)
	a.kill = func() { child.Process.Kill() }
	var wg sync.WaitGroup
	for i, s := range begun {
		wg.Go(func() { attempt(s, a, []string{"pub", "pub2"}[(i+round)%2]) })
	}
	wg.Wait()
	child.Process.Kill()
	child.Wait()
}

// attempt goes as far as it gets. Nothing is sent to a GitHub; the outcome stands for it.
func attempt(s *world.Run, a *acks, by string) error {
	ctx := context.Background()
	c := s.Client(by)
	claimed, err := c.Claim(ctx, s.Wanted(0, by))
	if err != nil {
		return err
	}
	a.entry(claimed.Entry)
	intent, err := c.Intent(ctx, s.IntentOf(0, by, claimed).Envelope)
	if err != nil {
		return err
	}
	a.entry(intent)
	if _, err := c.Execute(ctx, s.Fence(0, claimed.Claim.Epoch)); err != nil {
		return err
	}
	if _, err := c.Attempt(ctx, s.Effect(0, claimed.Claim.Epoch)); err != nil {
		return err
	}
	e, err := c.Outcome(ctx, s.OutcomeOf(0, by, claimed.Claim.Epoch, intent.Position, func(o *receipt.Outcome) { o.Checkpoint.Size = 1 << 30 }))
	if err == nil {
		a.entry(e)
	}
	return err
}

// finish brings a story to its end under the Core of this process.
func finish(s *world.Run, a *acks) {
	s.Helper()
	state := s.State(0)
	if state.State == "closed" {
		return
	}
	a.left.Store(1 << 40)
	by := "pub"
	if state.Owner == s.Keys["pub2"].Public().ID() {
		by = "pub2"
	}
	must(s, attempt(s, a, by))
}

// judgeLog reads the whole log as an auditor would.
func judgeLog(w *world.World, a *acks, begun []*world.Run) {
	w.Helper()
	top := uint64(0)
	for _, e := range a.entries {
		top = max(top, e.Position.Index)
	}
	tree := w.Tree(top)
	for _, e := range a.entries {
		w.Proved(tree, e)
	}
	distinct := map[log.Hash]bool{}
	must(w, tree.Entries(0, tree.Checkpoint().Size, func(_ uint64, leaf []byte) error { distinct[log.LeafHash(leaf)] = true; return nil }))
	for _, s := range begun {
		entries, _ := w.Records(s.ID)
		outcomes, epochs := 0, map[int64]bool{}
		for _, e := range entries {
			if !distinct[e.Leaf] && e.Position.Index < tree.Checkpoint().Size {
				w.Errorf("%s at %d is not in the log", e.Name, e.Position.Index)
			}
			rec, err := receipt.Open(e.Envelope, w.Core.Trust().Ring())
			must(w, err)
			switch b := rec.Body.(type) {
			case *receipt.Outcome:
				outcomes++
			case *receipt.Claim:
				if epochs[b.Epoch] {
					w.Errorf("epoch %d of %s was granted twice", b.Epoch, b.ReceiptID)
				}
				epochs[b.Epoch] = true
			}
		}
		if outcomes != 1 {
			w.Errorf("%s has %d outcomes", s.ID, outcomes)
		}
	}
}
