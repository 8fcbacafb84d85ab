package claims

import (
	"errors"
	"fmt"
	"testing"

	"github.com/omega/marketops"
)

// situations are all the places a receipt can be in, each reached by real calls.
var situations = []struct {
	name  string
	state State
	reach func(f *fixture, i int) NewClaim
}{
	{"unspent", "", func(f *fixture, i int) NewClaim { return ask(i, alice) }},
	{"claimed", Claimed, func(f *fixture, i int) NewClaim { n, _ := f.walk(i, Claimed, ""); return n }},
	{"executing", Executing, func(f *fixture, i int) NewClaim { n, _ := f.walk(i, Executing, ""); return n }},
	{"decided", Decided, func(f *fixture, i int) NewClaim { n, _ := f.walk(i, Decided, Success); return n }},
	{"closed", Closed, func(f *fixture, i int) NewClaim { n, _ := f.walk(i, Closed, Success); return n }},
	{"unknown", Closed, func(f *fixture, i int) NewClaim { n, _ := f.walk(i, Closed, Unknown); return n }},
	{"failed", Closed, func(f *fixture, i int) NewClaim { n, _ := f.walk(i, Closed, Failed); return n }},
	{"revoked", Revoked, func(f *fixture, i int) NewClaim {
		n := ask(i, alice)
		f.revoke(n, "first")
		return n
	}},
	{"revoked-claimed", Decided, func(f *fixture, i int) NewClaim {
		n, _ := f.walk(i, Claimed, "")
		f.revoke(n, "first")
		return n
	}},
	{"vetoed", Decided, func(f *fixture, i int) NewClaim {
		n, _ := f.walk(i, Executing, "")
		f.veto(n)
		return n
	}},
	{"tried", Executing, func(f *fixture, i int) NewClaim {
		n, _ := f.walk(i, Executing, "")
		must[int](f.t)(f.Attempt(ctx, n.Receipt, 1, alice, "tag", pass))
		return n
	}},
}

func (f *fixture) revoke(n NewClaim, says string) {
	f.t.Helper()
	if err := f.tryRevoke(n, says); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) tryRevoke(n NewClaim, says string) error {
	n.Owner = coreKey
	return f.Revoke(ctx, n, n.record(KindRevocation, 0, says), func(c Claim, epoch int64) (Record, error) {
		return n.outcome(epoch, Rejected), nil
	})
}

func (f *fixture) settle(n NewClaim, orphaned bool) (Claim, error) {
	return f.Settle(ctx, n.Receipt, coreKey, orphaned, func(c Claim, epoch int64, o Outcome) (Record, error) {
		return n.outcome(epoch, o), nil
	})
}

// steps are all calls that change a claim, as its holder of epoch 1 would make them, with the
// answer in each situation: "" for allowed, else the code.
var steps = []struct {
	name string
	call func(f *fixture, n NewClaim) error
	want map[string]marketops.Code
	to   map[string]State // the state after an allowed call, where it changes
}{
	{"claim", func(f *fixture, n NewClaim) error { _, _, err := f.Claim(ctx, n); return err },
		codes("", "", "", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", ""), map[string]State{"unspent": Claimed}},
	{"claim by another", func(f *fixture, n NewClaim) error {
		n.Owner = bob
		n.Build = n.claimRecord
		_, _, err := f.Claim(ctx, n)
		return err
	},
		codes("", "operation-in-flight", "operation-in-flight", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", "operation-in-flight"), map[string]State{"unspent": Claimed}},
	{"takeover", func(f *fixture, n NewClaim) error { _, _, err := f.Takeover(ctx, n); return err },
		codes("ledger-unavailable", "", "", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", ""), nil},
	{"takeover by another", func(f *fixture, n NewClaim) error {
		n.Owner = bob
		n.Build = n.claimRecord
		_, _, err := f.Takeover(ctx, n)
		return err
	},
		codes("ledger-unavailable", "operation-in-flight", "operation-in-flight", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", "operation-in-flight"), nil},
	{"execute", func(f *fixture, n NewClaim) error {
		_, err := f.Execute(ctx, n.Receipt, 1, alice, lease, pass)
		return err
	},
		codes("ledger-unavailable", "", "operation-in-flight", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", "operation-in-flight"), map[string]State{"claimed": Executing}},
	{"renew", func(f *fixture, n NewClaim) error { _, err := f.Renew(ctx, n.Receipt, 1, alice, lease); return err },
		codes("ledger-unavailable", "", "", "", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", ""), nil},
	{"attempt", func(f *fixture, n NewClaim) error {
		_, err := f.Attempt(ctx, n.Receipt, 1, alice, "tag", pass)
		return err
	},
		codes("ledger-unavailable", "operation-in-flight", "", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", ""), nil},
	{"decide success", decideAs(Success),
		codes("ledger-unavailable", "consumed", "", "", "", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", ""), map[string]State{"executing": Decided, "tried": Decided}},
	{"decide failed", decideAs(Failed),
		codes("ledger-unavailable", "consumed", "", "consumed", "consumed", "consumed", "", "revoked", "revoked", "rejected-by-approver", ""), map[string]State{"executing": Decided, "tried": Decided}},
	{"decide unknown", decideAs(Unknown),
		codes("ledger-unavailable", "consumed", "", "consumed", "consumed", "", "consumed", "revoked", "revoked", "rejected-by-approver", ""), map[string]State{"executing": Decided, "tried": Decided}},
	{"decide rejected", decideAs(Rejected),
		codes("ledger-unavailable", "", "", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", "consumed"), map[string]State{"claimed": Decided, "executing": Decided}},
	{"decide nothing", decideAs(""),
		codes("ledger-unavailable", "consumed", "consumed", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", "consumed"), nil},
	{"close", func(f *fixture, n NewClaim) error { return f.CloseClaim(ctx, n.Receipt, 1, 7) },
		codes("ledger-unavailable", "operation-in-flight", "operation-in-flight", "", "", "", "", "revoked", "revoked", "rejected-by-approver", "operation-in-flight"), map[string]State{"decided": Closed}},
	{"revoke again", func(f *fixture, n NewClaim) error { return f.tryRevoke(n, "first") },
		codes("", "", "", "consumed", "consumed", "consumed", "consumed", "", "", "rejected-by-approver", "operation-in-flight"), map[string]State{"unspent": Revoked, "claimed": Decided, "executing": Decided}},
	{"revoke otherwise", func(f *fixture, n NewClaim) error { return f.tryRevoke(n, "second") },
		codes("", "", "", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", "operation-in-flight"), map[string]State{"unspent": Revoked, "claimed": Decided, "executing": Decided}},
	{"settle early", func(f *fixture, n NewClaim) error { _, err := f.settle(n, false); return err },
		codes("ledger-unavailable", "operation-in-flight", "operation-in-flight", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", "operation-in-flight"), nil},
	{"settle orphan", func(f *fixture, n NewClaim) error { _, err := f.settle(n, true); return err },
		codes("ledger-unavailable", "operation-in-flight", "operation-in-flight", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", ""), map[string]State{"tried": Decided}},
	{"settle late", func(f *fixture, n NewClaim) error {
		f.clock.set(expiry.Add(silence))
		_, err := f.settle(n, false)
		return err
	}, codes("ledger-unavailable", "", "", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", ""), map[string]State{"claimed": Decided, "executing": Decided, "tried": Decided}},
	{"veto", func(f *fixture, n NewClaim) error { _, err := f.Vote(ctx, n.vote("no"), coreKey, n.stop); return err },
		codes("", "", "", "", "", "", "", "", "", "", ""), map[string]State{"claimed": Decided, "executing": Decided}},
	{"vote", func(f *fixture, n NewClaim) error { _, err := f.Vote(ctx, n.vote("yes"), coreKey, goOn); return err },
		codes("", "", "", "", "", "", "", "", "", "", ""), nil},
	{"intend", func(f *fixture, n NewClaim) error { return f.Intend(ctx, n.record(KindIntent, 1, "i"), pass) },
		codes("ledger-unavailable", "", "", "consumed", "consumed", "consumed", "consumed", "revoked", "revoked", "rejected-by-approver", ""), nil},
	{"resolve success", resolveAs(Success),
		codes("ledger-unavailable", "operation-in-flight", "operation-in-flight", "operation-in-flight", "consumed", "", "consumed", "revoked", "operation-in-flight", "operation-in-flight", "operation-in-flight"), nil},
	{"resolve failed", resolveAs(Failed),
		codes("ledger-unavailable", "operation-in-flight", "operation-in-flight", "operation-in-flight", "consumed", "", "consumed", "revoked", "operation-in-flight", "operation-in-flight", "operation-in-flight"), nil},
	{"resolve unknown", resolveAs(Unknown),
		codes("ledger-unavailable", "ledger-unavailable", "ledger-unavailable", "ledger-unavailable", "ledger-unavailable", "ledger-unavailable", "ledger-unavailable", "ledger-unavailable", "ledger-unavailable", "ledger-unavailable", "ledger-unavailable"), nil},
}

func decideAs(o Outcome) func(*fixture, NewClaim) error {
	return func(f *fixture, n NewClaim) error {
		_, err := f.Decide(ctx, n.Receipt, 1, alice, o, n.outcome(1, o))
		return err
	}
}

func resolveAs(o Outcome) func(*fixture, NewClaim) error {
	return func(f *fixture, n NewClaim) error {
		return f.Resolve(ctx, n.Receipt, o, n.record(KindResolution, 0, string(o)))
	}
}

func codes(list ...marketops.Code) map[string]marketops.Code {
	m := map[string]marketops.Code{}
	for i, s := range situations {
		m[s.name] = list[i]
	}
	return m
}

func TestEveryStepInEverySituation(t *testing.T) {
	f := open(t)
	i := 0
	for _, step := range steps {
		for _, s := range situations {
			i++
			t.Run(step.name+"/"+s.name, func(t *testing.T) {
				f.t = t
				f.clock.set(start)
				if err := f.LowerMark(ctx, start-1, "new case"); err != nil && !errors.Is(err, errMalformed) {
					t.Fatal(err)
				}
				n := s.reach(f, i)
				before, history := f.get(n), must[[]Transition](t)(f.History(ctx, n.Receipt))
				if before.State != s.state {
					t.Fatalf("reached %q, want %q", before.State, s.state)
				}
				want := step.want[s.name]
				wantCode(t, step.call(f, n), want)
				after := f.get(n)
				wantState := before.State
				if to, ok := step.to[s.name]; ok && want == "" {
					wantState = to
				}
				if after.State != wantState {
					t.Errorf("%s → %s, want %s", before.State, after.State, wantState)
				}
				grown := must[[]Transition](t)(f.History(ctx, n.Receipt))
				moved := after.State != before.State || after.Epoch != before.Epoch || after.Outcome != before.Outcome || after.Attempts != before.Attempts
				if want != "" && fmt.Sprint(after) != fmt.Sprint(before) {
					t.Errorf("a refused step changed %v to %v", before, after)
				}
				if moved != (len(grown) == len(history)+1) {
					t.Errorf("history grew from %d to %d; moved: %v", len(history), len(grown), moved)
				}
				// Leave nothing that would stop the next case.
				for _, r := range must[[]Record](t)(f.Unindexed(ctx)) {
					if err := f.Indexed(ctx, r.Leaf, uint64(r.Seq)); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
	f.t = t
	f.intact()
}
