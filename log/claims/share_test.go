package claims

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops"
)

func TestShares(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		share Share
		other func(r *Record, others NewClaim) // what a share does not count
		later time.Duration                    // after which a record is taken again; 0 for never
	}{
		{"of all", Share{Scope: OfAll, Within: time.Hour, Max: 3}, func(r *Record, others NewClaim) { r.Kind = "another" }, time.Hour},
		{"of one", Share{Scope: OfOne, Within: time.Hour, Max: 3}, func(r *Record, others NewClaim) { r.Who = "person alice" }, time.Hour},
		{"in a run", Share{Scope: OfOneInRun, Max: 3}, func(r *Record, others NewClaim) { r.Run = others.Run }, 0},
		{"in a run, by another", Share{Scope: OfOneInRun, Max: 3}, func(r *Record, others NewClaim) { r.Who = "person alice" }, 0},
		{"for a receipt", Share{Scope: OfOneByReceipt, Within: time.Hour, Max: 3}, func(r *Record, others NewClaim) { r.Receipt = others.Receipt }, time.Hour},
		{"bytes", Share{Scope: OfOne, Within: time.Hour, Max: 100, MaxBytes: 35}, func(r *Record, others NewClaim) { r.Who = "person alice" }, time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(t)
			l, mine, others := f.Ledger, ask(1, "a"), ask(2, "a")
			ctx, n := context.Background(), byte(0)
			next := func() Record {
				n++
				return Record{Leaf: [32]byte{n, 1}, Digest: marketops.Digest{n, 2}, Kind: "note", Run: mine.Run, Receipt: mine.Receipt, Envelope: []byte("{}"),
					Who: "person bob", Stored: 10, Shares: []Share{c.share}}
			}
			first := next()
			for _, r := range []Record{first, next(), next(), first} { // again is no more
				if err := l.Freeze(ctx, r); err != nil {
					t.Fatal(err)
				}
			}
			over, other := next(), next()
			c.other(&other, others)
			for name, err := range map[string]error{"require": l.RequireShares(ctx, over), "freeze": l.Freeze(ctx, over)} {
				if marketops.CodeOf(err) != marketops.LimitReached {
					t.Errorf("%s: %v", name, err)
				}
			}
			if err := l.Freeze(ctx, other); err != nil {
				t.Errorf("control: %v", err)
			}
			f.clock.add(2 * time.Hour)
			if err := l.Freeze(ctx, over); (err == nil) != (c.later > 0) {
				t.Errorf("two hours later: %v", err)
			}
		})
	}
}

// TestZeroShare: a share that says nothing allows none, and one of a caller needs a caller.
func TestZeroShare(t *testing.T) {
	t.Parallel()
	l := open(t).Ledger
	r := Record{Leaf: [32]byte{1}, Digest: marketops.Digest{1}, Kind: "note", Envelope: []byte("{}"), Who: "person bob", Shares: []Share{{}}}
	if l.Freeze(context.Background(), r) == nil {
		t.Error("the zero share allows a record")
	}
	if r.Shares = []Share{{Scope: OfAll}}; l.Freeze(context.Background(), r) == nil {
		t.Error("a share of 0 allows a record")
	}
	if r.Who, r.Shares = "", []Share{{Scope: OfOne, Max: 1}}; l.Freeze(context.Background(), r) == nil {
		t.Error("a share of no caller allows a record")
	}
}

// TestShareAtOnce: of calls at one time no more pass than the share allows.
func TestShareAtOnce(t *testing.T) {
	t.Parallel()
	l := open(t).Ledger
	var wg sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		wg.Go(func() {
			errs[i] = l.Freeze(context.Background(), Record{Leaf: [32]byte{byte(i), 1}, Digest: marketops.Digest{byte(i), 1}, Kind: "note", Run: ask(1, "a").Run, Envelope: []byte("{}"),
				Who: "person bob", Shares: []Share{{Scope: OfOneInRun, Max: 8}}})
		})
	}
	wg.Wait()
	passed := 0
	for _, err := range errs {
		if err == nil {
			passed++
		} else if marketops.CodeOf(err) != marketops.LimitReached {
			t.Error(err)
		}
	}
	if passed != 8 {
		t.Errorf("%d passed", passed)
	}
}
