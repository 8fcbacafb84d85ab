package claims_test

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log/claims"
)

// history lets clients loose on one receipt. do makes a call; what it calls lost stays open for ever.
func history(clients, calls int, seed uint64, do func(call) reply) []porcupine.Operation {
	var mu sync.Mutex
	var ops []porcupine.Operation
	began := time.Now()
	race(clients, func(id int) {
		rnd := rand.New(rand.NewPCG(seed, uint64(id)))
		var epoch int64 = 1
		for n := range calls {
			c := pick(rnd, racer(id), epoch)
			o := porcupine.Operation{ClientId: n*clients + id, Input: c, Call: time.Since(began).Nanoseconds(), Return: math.MaxInt64}
			r := do(c)
			if o.Output = r; !r.lost {
				o.Return = time.Since(began).Nanoseconds()
			}
			if r.OK && r.Epoch > 0 {
				epoch = r.Epoch
			} else if c.Op == "read" && rnd.IntN(2) > 0 {
				epoch = r.Seen.Epoch // also try the epochs of others
			}
			if c.Op == "read" && r.lost {
				continue // says nothing about anything
			}
			mu.Lock()
			ops = append(ops, o)
			mu.Unlock()
		}
	})
	return ops
}

// race lets n callers begin at once and waits for all of them.
func race(n int, call func(i int)) {
	gate := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { <-gate; call(i) })
	}
	close(gate)
	all.Wait()
}

func racer(i int) crypto.KeyID { return crypto.KeyID(fmt.Sprintf("SHA256:racer%d", i)) }

func pick(rnd *rand.Rand, owner crypto.KeyID, epoch int64) call {
	names := []string{"claim", "takeover", "execute", "attempt", "attempt", "attempt", "decide", "close", "revoke", "read"}
	c := call{Op: names[rnd.IntN(len(names))], Owner: owner, Epoch: epoch}
	if c.Op == "close" && rnd.IntN(3) > 0 || c.Op == "decide" && rnd.IntN(2) > 0 || c.Op == "takeover" && rnd.IntN(2) > 0 || c.Op == "revoke" && rnd.IntN(3) > 0 {
		c.Op = "execute"
	}
	if c.Op == "decide" {
		c.Outcome = []claims.Outcome{claims.Success, claims.Failed, claims.Unknown, claims.Rejected}[rnd.IntN(4)]
	}
	return c
}

// patience ends a search that hangs; one takes milliseconds.
const patience = 5 * time.Minute

// lawful holds a history against the model, counts what succeeded, and demands that the same history
// with one grant handed out twice is not lawful, for so many of the first successes.
func lawful(t *testing.T, ops []porcupine.Operation, controls int, reached map[string]int) {
	t.Helper()
	if res, _ := porcupine.CheckOperationsVerbose(model, ops, patience); res != porcupine.Ok {
		t.Fatalf("the history of %d calls is %s", len(ops), res)
	}
	forged := 0
	for i, o := range ops {
		if !o.Output.(reply).OK {
			continue
		}
		name := o.Input.(call).Op
		reached[name]++
		if forged++; forged > controls || name != "execute" && name != "attempt" && name != "takeover" {
			continue
		}
		if res, _ := porcupine.CheckOperationsVerbose(model, doubled(ops, i), patience); res != porcupine.Illegal {
			t.Fatalf("a forged second %s went unnoticed (%s)", name, res)
		}
	}
}

var operations = []string{"claim", "takeover", "execute", "attempt", "decide", "close", "revoke", "read"}

// seeds hands out so many seeds, and more as long as some operation has never succeeded: which ones do
// depends on the order in which the clients run.
func seeds(least uint64, reached map[string]int) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for seed := uint64(0); seed < least || missing(reached) != "" && seed < 20*least; seed++ {
			if !yield(seed) {
				return
			}
		}
	}
}

func missing(reached map[string]int) string {
	for _, name := range operations {
		if reached[name] == 0 {
			return name
		}
	}
	return ""
}

func everySucceeded(t *testing.T, reached map[string]int) {
	t.Helper()
	if name := missing(reached); name != "" {
		t.Errorf("no %s ever succeeded: the histories prove nothing about it", name)
	}
	t.Log(reached)
}

func TestLinearizable(t *testing.T) {
	reached := map[string]int{}
	for seed := range seeds(16, reached) {
		l, err := claims.Open(filepath.Join(t.TempDir(), "claims.db"), hasty(start))
		if err != nil {
			t.Fatal(err)
		}
		lawful(t, history(4+int(seed%3)*4, 40, seed, func(c call) reply { return perform(l, c) }), 12, reached)
		l.Close()
	}
	everySucceeded(t, reached)
}

// doubled repeats operation i right after itself, with the same answer.
func doubled(ops []porcupine.Operation, i int) []porcupine.Operation {
	out := append([]porcupine.Operation(nil), ops...)
	twin := ops[i]
	twin.ClientId = math.MaxInt
	return append(out, twin)
}
