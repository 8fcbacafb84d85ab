package claims

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
)

func genesis() Record {
	return Record{Leaf: seeded("g", 1), Digest: seeded("gd", 1), Kind: "shard-genesis", Envelope: []byte("first")}
}

// TestNextShard: the claims go on, the records of the log before do not.
func TestNextShard(t *testing.T) {
	f := open(t)
	spent, _ := f.walk(1, Closed, Success)
	unspent := ask(2, alice)
	wantCode(t, f.Freeze(ctx, unspent.record("receipt", 0, "r")), "")
	if err := f.NextShard(ctx, genesis(), "full"); marketops.CodeOf(err) != marketops.LogUnavailable {
		t.Fatalf("with a record that is not in the log: %v", err)
	}
	for i, r := range must[[]Record](t)(f.Unindexed(ctx)) {
		wantCode(t, f.Indexed(ctx, r.Leaf, uint64(9+i)), "")
	}
	if n := must[int](t)(f.Unspent(ctx)); n != 1 {
		t.Errorf("%d receipts unspent", n)
	}
	if err := f.NextShard(ctx, genesis(), ""); !errors.Is(err, errMalformed) {
		t.Errorf("for no reason: %v", err)
	}
	wantCode(t, f.NextShard(ctx, genesis(), "full"), "")
	wantCode(t, f.NextShard(ctx, genesis(), "full"), "") // again is no change
	rows := must[[]Record](t)(f.Unindexed(ctx))
	if len(rows) != 1 || rows[0].Kind != "shard-genesis" {
		t.Fatalf("waiting: %+v", rows)
	}
	if _, _, err := f.Claim(ctx, spent); marketops.CodeOf(err) != marketops.Consumed {
		t.Errorf("a spent receipt: %v", err)
	}
	if rs := must[[]Record](t)(f.ByReceipt(ctx, unspent.Receipt)); len(rs) != 0 {
		t.Errorf("the receipt of the log before is still known: %+v", rs)
	}
	h := must[[]Transition](t)(f.History(ctx, ""))
	if len(h) != 1 || h[0].Reason != "full" || h[0].To != "log begun" {
		t.Errorf("history %+v", h)
	}
}

func TestNextShardWaitsForWhatIsOpen(t *testing.T) {
	for _, c := range []struct {
		state   State
		outcome Outcome
	}{{Claimed, ""}, {Executing, ""}, {Decided, Success}, {Closed, Unknown}} {
		f := open(t)
		f.walk(1, c.state, c.outcome)
		for _, r := range must[[]Record](t)(f.Unindexed(ctx)) {
			if r.Kind == KindClaim {
				wantCode(t, f.Indexed(ctx, r.Leaf, 1), "")
			}
		}
		if err := f.NextShard(ctx, genesis(), "full"); marketops.CodeOf(err) != marketops.OperationInFlight {
			t.Errorf("%s %s: %v", c.state, c.outcome, err)
		}
		if n := len(must[[]Record](t)(f.ByRun(ctx, ask(1, alice).Run))); n == 0 {
			t.Errorf("%s: the records are gone", c.state)
		}
	}
}

// TestCopy: a copy made while the ledger is used opens as a ledger of its own, with the same claims.
func TestCopy(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Executing, "")
	path := filepath.Join(t.TempDir(), "copy.db")
	wantCode(t, f.Copy(ctx, path), "")
	f.walk(2, Claimed, "")
	l, err := Open(path, f.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if c, found, err := l.Get(ctx, n.Receipt); err != nil || !found || c.State != Executing {
		t.Errorf("%+v %v %v", c, found, err)
	}
	if live := must[[]Claim](t)(l.Live(ctx)); len(live) != 1 {
		t.Errorf("%d live claims in the copy", len(live))
	}
	if err := f.Copy(ctx, path); err == nil {
		t.Error("a file was overwritten")
	}
	if err := f.Copy(ctx, filepath.Join(path, "nowhere")); err == nil {
		t.Error("copied to nowhere")
	}
	wantCode(t, f.Close(), "")
	if err := f.Copy(ctx, path+"2"); err == nil {
		t.Error("a closed ledger was copied")
	}
	if _, err := os.Stat(path + "2"); err == nil {
		t.Error("a file was left")
	}
}
