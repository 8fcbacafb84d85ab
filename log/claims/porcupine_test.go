package claims

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// call and reply are one operation of the history as its caller saw it.
type call struct {
	op      string
	owner   crypto.KeyID
	epoch   int64
	outcome Outcome
}

type reply struct {
	ok       bool
	epoch    int64
	attempts int
	claim    Claim // of a read
}

// ideal is the claim of one receipt, sequentially.
type ideal struct {
	state    State
	outcome  Outcome
	owner    crypto.KeyID
	epoch    int64
	attempts int
	said     call // what was decided, byte for byte
}

// step is the specification, written without looking at a database. Every lease in the history
// has ended by the time of the next call, so a takeover is always in time.
func (s ideal) step(c call, r reply) (bool, ideal) {
	holds := s.owner == c.owner && s.epoch == c.epoch
	live := s.state == Claimed || s.state == Executing
	next, ok := s, false
	switch c.op {
	case "claim":
		if s.state == "" {
			next, ok = ideal{state: Claimed, owner: c.owner, epoch: 1}, true
		} else {
			ok = live && s.owner == c.owner
		}
		return r.ok == ok && (!ok || r.epoch == next.epoch), next
	case "takeover":
		if ok = live; ok {
			next.owner, next.epoch = c.owner, s.epoch+1
		}
		return r.ok == ok && (!ok || r.epoch == next.epoch), next
	case "execute":
		if ok = s.state == Claimed && holds; ok {
			next.state = Executing
		}
	case "attempt":
		if ok = s.state == Executing && holds && s.attempts < maxAttempts; ok {
			next.attempts++
		}
		return r.ok == ok && (!ok || r.attempts == next.attempts), next
	case "decide":
		switch {
		case !holds:
		case s.state == Claimed && c.outcome == Rejected, s.state == Executing && c.outcome != Rejected:
			ok, next.state, next.outcome, next.said = true, Decided, c.outcome, c
		case s.state == Decided || s.state == Closed:
			ok = s.said == c
		}
	case "close":
		if ok = s.epoch == c.epoch && (s.state == Decided || s.state == Closed); ok {
			next.state = Closed
		}
	case "read":
		g := r.claim
		return g.State == s.state && g.Outcome == s.outcome && g.Owner == s.owner && g.Epoch == s.epoch && g.Attempts == s.attempts, s
	}
	return r.ok == ok, next
}

var model = porcupine.Model{
	Init:              func() any { return ideal{} },
	Step:              func(s, in, out any) (bool, any) { return s.(ideal).step(in.(call), out.(reply)) },
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v → %+v", in, out) },
}

// perform makes the real call.
func (f *fixture) perform(c call) reply {
	n := ask(1, c.owner)
	n.Lease = time.Second
	switch c.op {
	case "claim":
		g, _, err := f.Claim(ctx, n)
		return reply{ok: err == nil, epoch: g.Epoch}
	case "takeover":
		g, _, err := f.Takeover(ctx, n)
		return reply{ok: err == nil, epoch: g.Epoch}
	case "execute":
		_, err := f.Execute(ctx, n.Receipt, c.epoch, c.owner, time.Second, pass)
		return reply{ok: err == nil}
	case "attempt":
		a, err := f.Attempt(ctx, n.Receipt, c.epoch, c.owner)
		return reply{ok: err == nil, attempts: a}
	case "decide":
		_, err := f.Decide(ctx, n.Receipt, c.epoch, c.owner, c.outcome, n.record(KindOutcome, c.epoch, string(c.owner)+string(c.outcome)))
		return reply{ok: err == nil}
	case "close":
		return reply{ok: f.CloseClaim(ctx, n.Receipt, c.epoch, 1) == nil}
	}
	g, _, err := f.Get(ctx, n.Receipt)
	return reply{ok: err == nil, claim: g}
}

// history lets clients loose on one receipt.
func history(t *testing.T, clients, calls int, seed uint64) []porcupine.Operation {
	f := open(t)
	f.Close()
	at := int64(start)
	l, err := Open(f.path, func() marketops.Time { at += 2; return marketops.Time(at) }) // called by the writer alone
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f.Ledger = l
	var mu sync.Mutex
	var ops []porcupine.Operation
	began := time.Now()
	race(clients, func(id int) error {
		rnd := rand.New(rand.NewPCG(seed, uint64(id)))
		names := []string{"claim", "takeover", "execute", "attempt", "decide", "decide", "close", "read", "read"}
		var epoch int64 = 1
		for range calls {
			c := call{op: names[rnd.IntN(len(names))], owner: racer(id), epoch: epoch}
			if c.op == "close" && rnd.IntN(3) > 0 || c.op == "takeover" && rnd.IntN(2) > 0 {
				c.op = "execute"
			}
			if c.op == "decide" {
				c.outcome = []Outcome{Success, Failed, Unknown, Rejected}[rnd.IntN(4)]
			}
			from := time.Since(began)
			r := f.perform(c)
			to := time.Since(began)
			if r.ok && r.epoch > 0 {
				epoch = r.epoch
			} else if c.op == "read" && rnd.IntN(2) > 0 {
				epoch = r.claim.Epoch // also try the epochs of others
			}
			mu.Lock()
			ops = append(ops, porcupine.Operation{ClientId: id, Input: c, Call: from.Nanoseconds(), Output: r, Return: to.Nanoseconds()})
			mu.Unlock()
		}
		return nil
	})
	return ops
}

func TestLinearizable(t *testing.T) {
	const controls = 12 // successes of each history that are tried as forgeries
	reached := map[string]int{}
	for seed := range uint64(12) {
		ops := history(t, 4+int(seed%3)*4, 40, seed)
		if res, _ := porcupine.CheckOperationsVerbose(model, ops, time.Minute); res != porcupine.Ok {
			t.Fatalf("seed %d: history of %d calls is %s", seed, len(ops), res)
		}
		forged := 0
		for i, o := range ops {
			if !o.Output.(reply).ok {
				continue
			}
			name := o.Input.(call).op
			reached[name]++
			if forged++; forged > controls || name != "execute" && name != "attempt" && name != "takeover" {
				continue
			}
			// Negative control: the same history with this grant handed out twice.
			if res, _ := porcupine.CheckOperationsVerbose(model, doubled(ops, i), time.Minute); res != porcupine.Illegal {
				t.Fatalf("seed %d: a forged second %s went unnoticed (%s)", seed, name, res)
			}
		}
	}
	for _, name := range []string{"claim", "takeover", "execute", "attempt", "decide", "close", "read"} {
		if reached[name] == 0 {
			t.Errorf("no %s ever succeeded: the histories prove nothing about it", name)
		}
	}
	t.Log(reached)
}

// doubled repeats operation i right after itself, with the same answer.
func doubled(ops []porcupine.Operation, i int) []porcupine.Operation {
	out := append([]porcupine.Operation(nil), ops...)
	twin := ops[i]
	twin.ClientId = 1000
	return append(out, twin)
}
