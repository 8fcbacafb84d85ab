package claims

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/omega/marketops"
)

// vote is a verdict on n's run.
func (n NewClaim) vote(says string) Record {
	n.Receipt = ""
	return n.record(KindApproval, 0, says)
}

// stop ends n's claim, and no other.
func (n NewClaim) stop(c Claim, epoch int64) (Record, error) {
	if c.Receipt != n.Receipt {
		return Record{}, nil
	}
	return n.outcome(epoch, Rejected), nil
}

func goOn(Claim, int64) (Record, error) { return Record{}, nil }

func (f *fixture) veto(n NewClaim) {
	f.t.Helper()
	must[[]Claim](f.t)(f.Vote(ctx, n.vote("veto"), coreKey, n.stop))
}

// deny is a guard that refuses as soon as it is shown this verdict.
func deny(vote Record) Guard {
	return func(_ Claim, votes []Record) error {
		if slices.ContainsFunc(votes, func(r Record) bool { return r.Leaf == vote.Leaf }) {
			return marketops.Refuse(marketops.RejectedByApprover, "")
		}
		return nil
	}
}

// TestVoteEndsClaims: a verdict ends what it stops in the run, and says so to the publisher that lost the claim; what an
// attempt was counted for, what has ended and what belongs to another run stays as it is.
func TestVoteEndsClaims(t *testing.T) {
	f := open(t)
	var asks []NewClaim
	at := func(i int, to State, o Outcome) NewClaim {
		n := ask(i, alice)
		if i != 9 {
			n.Run = ask(1, alice).Run
		}
		n.Build = n.claimRecord
		f.claim(n)
		if to != Claimed {
			must[Claim](t)(f.Execute(ctx, n.Receipt, 1, alice, lease, pass))
		}
		if o != "" {
			must[Claim](t)(f.Decide(ctx, n.Receipt, 1, alice, o, n.outcome(1, o)))
		}
		asks = append(asks, n)
		return n
	}
	claimed, executing, tried := at(1, Claimed, ""), at(2, Executing, ""), at(3, Executing, "")
	spared, done, other := at(4, Claimed, ""), at(5, Executing, Success), at(9, Claimed, "")
	must[int](t)(f.Attempt(ctx, tried.Receipt, 1, alice, "tag", pass))

	veto := claimed.vote("no")
	end := func(c Claim, epoch int64) (Record, error) {
		for _, n := range asks {
			if n.Receipt == c.Receipt && n.Receipt != spared.Receipt {
				return n.outcome(epoch, Rejected), nil
			}
		}
		return Record{}, nil
	}
	ended := must[[]Claim](t)(f.Vote(ctx, veto, coreKey, end))
	if len(ended) != 2 {
		t.Fatalf("ended %+v", ended)
	}
	for _, n := range []NewClaim{claimed, executing} {
		if c := f.get(n); c.State != Decided || c.Outcome != Rejected || c.Epoch != 2 {
			t.Errorf("%+v", c)
		}
		_, err := f.Renew(ctx, n.Receipt, 1, alice, lease)
		wantCode(t, err, marketops.RejectedByApprover)
		if !errors.Is(err, ErrFenced) {
			t.Errorf("not fenced: %v", err)
		}
		_, _, err = f.Takeover(ctx, n)
		wantCode(t, err, marketops.RejectedByApprover)
	}
	for n, want := range map[*NewClaim]State{&tried: Executing, &spared: Claimed, &done: Decided, &other: Claimed} {
		if c := f.get(*n); c.State != want || c.Outcome == Rejected || c.Epoch != 1 {
			t.Errorf("%+v, want %s", c, want)
		}
	}
	again := must[[]Claim](t)(f.Vote(ctx, veto, coreKey, end))
	wantCode(t, f.Indexed(ctx, veto.Leaf, 8), "")
	veto.Envelope = nil // as the ledger itself hands it out once it is indexed
	later := must[[]Claim](t)(f.Vote(ctx, veto, coreKey, spared.stop))
	if len(again) != 0 || len(later) != 1 || f.get(spared).Outcome != Rejected {
		t.Errorf("again %+v, and judged anew %+v", again, later)
	}
	f.intact()
}

// TestVoteIsWhole: where one outcome cannot be made, neither the verdict nor any other outcome is kept.
func TestVoteIsWhole(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Claimed, "")
	m := ask(2, alice)
	m.Run = n.Run
	m.Build = m.claimRecord
	f.claim(m)
	broken := errors.New("no signer")
	calls := 0
	_, err := f.Vote(ctx, n.vote("no"), coreKey, func(c Claim, epoch int64) (Record, error) {
		if calls++; calls == 2 {
			return Record{}, broken
		}
		for _, x := range []NewClaim{n, m} {
			if x.Receipt == c.Receipt {
				return x.outcome(epoch, Rejected), nil
			}
		}
		return Record{}, nil
	})
	if !errors.Is(err, broken) || f.get(n).State != Claimed || f.get(m).State != Claimed {
		t.Errorf("%v: %+v, %+v", err, f.get(n), f.get(m))
	}
	if _, found, _ := f.ByLeaf(ctx, n.vote("no").Leaf); found {
		t.Error("half a vote was kept")
	}
	for name, vote := range map[string]Record{"of another kind": n.record("advisory", 0, "x"), "without a run": {Leaf: [32]byte{1}, Digest: marketops.Digest{1}, Kind: KindApproval, Envelope: []byte{1}}} {
		if _, err := f.Vote(ctx, vote, coreKey, goOn); !errors.Is(err, errMalformed) {
			t.Errorf("a vote %s: %v", name, err)
		}
	}
	if _, err := f.Vote(ctx, n.vote("no"), coreKey, nil); !errors.Is(err, errMalformed) {
		t.Errorf("without a maker of outcomes: %v", err)
	}
}

// TestGuardSeesVotes: each step shows its guard what is frozen, until an attempt was counted.
func TestGuardSeesVotes(t *testing.T) {
	f := open(t)
	guarded := map[string]func(n NewClaim, g Guard) error{
		"claim": func(n NewClaim, g Guard) error { n.Guard = g; _, _, err := f.Claim(ctx, n); return err },
		"takeover": func(n NewClaim, g Guard) error {
			f.claim(n)
			n.Guard = g
			_, _, err := f.Takeover(ctx, n)
			return err
		},
		"repeated claim": func(n NewClaim, g Guard) error {
			f.claim(n)
			n.Guard = g
			_, _, err := f.Claim(ctx, n)
			return err
		},
		"intend": func(n NewClaim, g Guard) error {
			f.claim(n)
			return f.Intend(ctx, n.record(KindIntent, 1, "i"), g)
		},
		"execute": func(n NewClaim, g Guard) error {
			f.claim(n)
			_, err := f.Execute(ctx, n.Receipt, 1, alice, lease, g)
			return err
		},
		"attempt": func(n NewClaim, g Guard) error {
			f.claim(n)
			must[Claim](t)(f.Execute(ctx, n.Receipt, 1, alice, lease, pass))
			_, err := f.Attempt(ctx, n.Receipt, 1, alice, "tag", g)
			return err
		},
	}
	i := 0
	for name, step := range guarded {
		i += 2
		n, free := ask(i, alice), ask(i+1, alice)
		must[[]Claim](t)(f.Vote(ctx, n.vote("yes"), coreKey, goOn))
		must[[]Claim](t)(f.Vote(ctx, n.vote("no"), coreKey, goOn))
		if err := step(n, deny(n.vote("no"))); marketops.CodeOf(err) != marketops.RejectedByApprover {
			t.Errorf("%s: %v", name, err)
		}
		if err := step(free, deny(n.vote("no"))); err != nil { // control: the verdict is on another run
			t.Errorf("%s of another run: %v", name, err)
		}
	}
	n, _ := f.walk(100, Executing, "")
	must[int](t)(f.Attempt(ctx, n.Receipt, 1, alice, "tag", pass))
	must[[]Claim](t)(f.Vote(ctx, n.vote("no"), coreKey, goOn))
	g := deny(n.vote("no"))
	must[int](t)(f.Attempt(ctx, n.Receipt, 1, alice, "tag", g))
	n.Guard = g
	_, _, err := f.Takeover(ctx, n)
	wantCode(t, err, "")
	wantCode(t, f.Intend(ctx, n.record(KindIntent, 2, "i"), g), "")
	_, err = f.Attempt(ctx, n.Receipt, 2, alice, "tag", nil)
	if !errors.Is(err, errMalformed) || !errors.Is(f.Intend(ctx, n.record(KindIntent, 2, "j"), nil), errMalformed) {
		t.Errorf("a step without a guard: %v", err)
	}
}

// TestVoteRace: of a verdict and a first attempt that come at one time one is first, and the other knows.
func TestVoteRace(t *testing.T) {
	f := open(t)
	for i := range 200 {
		n, _ := f.walk(i, Executing, "")
		var attempted error
		var ended []Claim
		var voted error
		var both sync.WaitGroup
		both.Go(func() { _, attempted = f.Attempt(ctx, n.Receipt, 1, alice, "tag", deny(n.vote("veto"))) })
		both.Go(func() { ended, voted = f.Vote(ctx, n.vote("veto"), coreKey, n.stop) })
		both.Wait()
		c := f.get(n)
		if voted != nil || (attempted == nil) == (len(ended) == 1) || (c.Attempts == 1) != (c.Outcome == "") {
			t.Fatalf("attempt %v, vote %v ended %+v: %+v", attempted, voted, ended, c)
		}
		if attempted != nil && marketops.CodeOf(attempted) != marketops.RejectedByApprover {
			t.Fatalf("%v", attempted)
		}
	}
}
