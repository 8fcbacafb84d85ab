package claims

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// call and reply are one operation of the history as its caller saw it.
type call struct {
	Op      string
	Owner   crypto.KeyID
	Epoch   int64
	Outcome Outcome
}

type reply struct {
	OK       bool
	Epoch    int64
	Attempts int
	Seen     view // of a read
	lost     bool // nobody answered: it may have happened, or may yet, or never
}

type view struct {
	State    State
	Outcome  Outcome
	Owner    crypto.KeyID
	Epoch    int64
	Attempts int
}

// ideal is the claim of one receipt, sequentially.
type ideal struct {
	view
	said    call         // what was decided, byte for byte
	revoker crypto.KeyID // who revoked it
}

// step is the specification: what the call does, and whether that is what its caller was told.
func (s ideal) step(c call, r reply) (bool, ideal) {
	want, next := s.act(c)
	return r.lost || r == want, next
}

// act is written without looking at a database. Every lease in the history has ended by the time of
// the next call, so a takeover is always in time.
func (s ideal) act(c call) (reply, ideal) {
	holds := s.Owner == c.Owner && s.Epoch == c.Epoch
	live := s.State == Claimed || s.State == Executing
	next, ok := s, false
	switch c.Op {
	case "claim":
		if ok = live && s.Owner == c.Owner && s.revoker == ""; s.State == "" {
			next, ok = ideal{view: view{State: Claimed, Owner: c.Owner, Epoch: 1}}, true
		}
		return told(ok, next), next
	case "takeover":
		if ok = live; ok {
			next.Owner, next.Epoch = c.Owner, s.Epoch+1
		}
		return told(ok, next), next
	case "execute":
		if ok = s.State == Claimed && holds; ok {
			next.State = Executing
		}
	case "attempt":
		if ok = s.State == Executing && holds && s.Attempts < maxAttempts; ok {
			next.Attempts++
			return reply{OK: true, Attempts: next.Attempts}, next
		}
	case "decide":
		switch {
		case !holds:
		case s.State == Claimed && c.Outcome == Rejected, s.State == Executing && c.Outcome != Rejected:
			ok, next.State, next.Outcome, next.said = true, Decided, c.Outcome, c
		case s.State == Decided || s.State == Closed:
			ok = s.said == c
		}
	case "close":
		if ok = s.Epoch == c.Epoch && (s.State == Decided || s.State == Closed); ok {
			next.State = Closed
		}
	case "revoke":
		switch {
		case s.revoker == c.Owner:
			ok = true
		case s.State == "":
			ok, next = true, ideal{view: view{State: Revoked, Owner: c.Owner}, revoker: c.Owner}
		case s.State == Claimed: // the ledger decides, and no publisher holds that epoch
			ok, next.State, next.Outcome, next.said, next.revoker = true, Decided, Rejected, c, c.Owner
			next.Epoch++
		}
	case "read":
		return reply{OK: true, Seen: s.view}, s
	}
	return reply{OK: ok}, next
}

func told(ok bool, next ideal) reply {
	if !ok {
		return reply{}
	}
	return reply{OK: true, Epoch: next.Epoch}
}

var model = porcupine.Model{
	Init:              func() any { return ideal{} },
	Step:              func(s, in, out any) (bool, any) { return s.(ideal).step(in.(call), out.(reply)) },
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v → %+v", in, out) },
}

// perform makes the real call.
func perform(l *Ledger, c call) reply {
	n := ask(1, c.Owner)
	n.Lease = time.Second
	switch c.Op {
	case "claim":
		g, _, err := l.Claim(ctx, n)
		return reply{OK: err == nil, Epoch: g.Epoch}
	case "takeover":
		g, _, err := l.Takeover(ctx, n)
		return reply{OK: err == nil, Epoch: g.Epoch}
	case "execute":
		_, err := l.Execute(ctx, n.Receipt, c.Epoch, c.Owner, time.Second, pass)
		return reply{OK: err == nil}
	case "attempt":
		a, err := l.Attempt(ctx, n.Receipt, c.Epoch, c.Owner)
		return reply{OK: err == nil, Attempts: a}
	case "decide":
		_, err := l.Decide(ctx, n.Receipt, c.Epoch, c.Owner, c.Outcome, n.record(KindOutcome, c.Epoch, string(c.Owner)+string(c.Outcome)))
		return reply{OK: err == nil}
	case "close":
		return reply{OK: l.CloseClaim(ctx, n.Receipt, c.Epoch, 1) == nil}
	case "revoke":
		err := l.Revoke(ctx, n, n.record(KindRevocation, 0, string(c.Owner)), func(_ Claim, epoch int64) (Record, error) {
			return n.record(KindOutcome, epoch, "revoked"), nil
		})
		return reply{OK: err == nil}
	}
	g, _, err := l.Get(ctx, n.Receipt)
	return reply{OK: err == nil, Seen: view{g.State, g.Outcome, g.Owner, g.Epoch, g.Attempts}}
}

// history lets clients loose on one receipt. do makes a call; what it calls lost stays open for ever.
func history(clients, calls int, seed uint64, do func(call) reply) []porcupine.Operation {
	var mu sync.Mutex
	var ops []porcupine.Operation
	began := time.Now()
	race(clients, func(id int) error {
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
		return nil
	})
	return ops
}

func pick(rnd *rand.Rand, owner crypto.KeyID, epoch int64) call {
	names := []string{"claim", "takeover", "execute", "attempt", "attempt", "attempt", "decide", "close", "revoke", "read"}
	c := call{Op: names[rnd.IntN(len(names))], Owner: owner, Epoch: epoch}
	if c.Op == "close" && rnd.IntN(3) > 0 || c.Op == "decide" && rnd.IntN(2) > 0 || c.Op == "takeover" && rnd.IntN(2) > 0 || c.Op == "revoke" && rnd.IntN(3) > 0 {
		c.Op = "execute"
	}
	if c.Op == "decide" {
		c.Outcome = []Outcome{Success, Failed, Unknown, Rejected}[rnd.IntN(4)]
	}
	return c
}

// hasty is a clock by which every lease has ended when the next call comes; called by the writer alone.
func hasty(at marketops.Time) func() marketops.Time {
	return func() marketops.Time { at += 2; return at }
}

// lawful holds a history against the model, counts what succeeded, and demands that the same history
// with one grant handed out twice is not lawful, for so many of the first successes.
func lawful(t *testing.T, ops []porcupine.Operation, controls int, reached map[string]int) {
	t.Helper()
	if res, _ := porcupine.CheckOperationsVerbose(model, ops, time.Minute); res != porcupine.Ok {
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
		if res, _ := porcupine.CheckOperationsVerbose(model, doubled(ops, i), time.Minute); res != porcupine.Illegal {
			t.Fatalf("a forged second %s went unnoticed (%s)", name, res)
		}
	}
}

func everySucceeded(t *testing.T, reached map[string]int) {
	t.Helper()
	for _, name := range []string{"claim", "takeover", "execute", "attempt", "decide", "close", "revoke", "read"} {
		if reached[name] == 0 {
			t.Errorf("no %s ever succeeded: the histories prove nothing about it", name)
		}
	}
	t.Log(reached)
}

func TestLinearizable(t *testing.T) {
	reached := map[string]int{}
	for seed := range uint64(16) {
		l, err := Open(filepath.Join(t.TempDir(), "claims.db"), hasty(start))
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
