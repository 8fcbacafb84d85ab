package claims

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

func TestFreezeIsIdempotentAndAllOrNothing(t *testing.T) {
	f := open(t)
	n := ask(1, alice)
	a, b := n.record("submission", 0, "a"), n.record("advisory", 0, "b")
	wantCode(t, f.Freeze(ctx, a, b), "")
	wantCode(t, f.Freeze(ctx, b, a), "")
	rs := must[[]Record](t)(f.Unindexed(ctx))
	if len(rs) != 2 || !rs[0].same(a) || !rs[1].same(b) || rs[0].FrozenAt != start {
		t.Fatalf("frozen %+v", rs)
	}
	forged := a
	forged.Envelope = []byte("other bytes under the same leaf")
	c := n.record("refusal", 0, "c")
	if err := f.Freeze(ctx, c, forged); !errors.Is(err, errDiffers) {
		t.Fatalf("other bytes under one leaf: %v", err)
	}
	if _, found, _ := f.ByLeaf(ctx, c.Leaf); found {
		t.Error("half a freeze was kept")
	}
}

func TestOneClaimOneIntentOneOutcome(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Claimed, "")
	intent := n.record(KindIntent, 1, "first")
	wantCode(t, f.Intend(ctx, intent, pass), "")
	wantCode(t, f.Intend(ctx, intent, pass), "")
	second := f.Intend(ctx, n.record(KindIntent, 1, "second"), pass)
	wantCode(t, second, marketops.OperationInFlight)
	if !errors.Is(second, errDiffers) {
		t.Fatalf("a second intent of one epoch: %v", second)
	}
	for _, kind := range []string{KindApproval, KindClaim, KindIntent, KindOutcome, KindRevocation, KindResolution} {
		if err := f.Freeze(ctx, n.record(kind, 1, "free")); !errors.Is(err, errMalformed) {
			t.Errorf("a free %s: %v", kind, err)
		}
	}
	m := ask(2, alice)
	if err := f.Intend(ctx, m.record(KindIntent, 1, "none"), pass); !errors.Is(err, errNoClaim) {
		t.Errorf("an intent without a claim: %v", err)
	}
}

func TestDecideIsIdempotentForTheSameBytesOnly(t *testing.T) {
	f := open(t)
	n, c := f.walk(1, Decided, Success)
	again := must[Claim](t)(f.Decide(ctx, n.Receipt, 1, alice, Success, n.outcome(1, Success)))
	if again != c {
		t.Fatalf("deciding again gave %+v", again)
	}
	other := n.outcome(1, Success)
	other.Envelope = append([]byte(nil), other.Envelope...)
	other.Envelope[0] ^= 1
	for _, r := range []Record{other, n.record(KindOutcome, 1, "more")} {
		if _, err := f.Decide(ctx, n.Receipt, 1, alice, Success, r); !errors.Is(err, errDiffers) {
			t.Errorf("other bytes: %v", err)
		}
	}
}

func TestIndexKeepsTheLowest(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Decided, Success)
	leaf := n.outcome(1, Success).Leaf
	for _, step := range []struct{ give, want uint64 }{{0, 0}, {7, 0}, {0, 0}} {
		wantCode(t, f.Indexed(ctx, leaf, step.give), "")
		r, found, err := f.ByLeaf(ctx, leaf)
		if !found || err != nil || r.Index == nil || *r.Index != step.want {
			t.Fatalf("%+v %v", r, err)
		}
	}
	if err := f.Indexed(ctx, seeded("nowhere", 1), 3); !errors.Is(err, errNoRecord) {
		t.Errorf("an index for a leaf that was never frozen: %v", err)
	}
	wantCode(t, f.Indexed(ctx, leaf, 1<<63), marketops.LedgerUnavailable)
	for _, r := range must[[]Record](t)(f.Unindexed(ctx)) {
		if r.Leaf == leaf {
			t.Error("an indexed leaf is in the outbox")
		}
	}
}

// TestIndexedBytesAreGone: with its index a record's bytes leave the file itself, and what has no
// index keeps them.
func TestIndexedBytesAreGone(t *testing.T) {
	f := open(t)
	n := ask(1, alice)
	secret, kept := n.record("submission", 0, strings.Repeat("secret", 4000)), n.record("advisory", 0, strings.Repeat("waiting", 4000))
	wantCode(t, f.Freeze(ctx, secret, kept), "")
	f.reopen()
	on := must[[]byte](t)(os.ReadFile(f.path))
	if !bytes.Contains(on, []byte("secretsecret")) || !bytes.Contains(on, []byte("waitingwaiting")) {
		t.Fatal("control: the frozen bytes are not in the file")
	}
	wantCode(t, f.Indexed(ctx, secret.Leaf, 1), "")
	r, _, err := f.ByLeaf(ctx, secret.Leaf)
	if err != nil || r.Envelope != nil || r.Digest != secret.Digest {
		t.Fatalf("%+v %v", r, err)
	}
	wantCode(t, f.Freeze(ctx, secret), "") // still known, and not stored again
	f.reopen()
	on = must[[]byte](t)(os.ReadFile(f.path))
	if bytes.Contains(on, []byte("secretsecret")) {
		t.Error("the bytes of an indexed record are still in the file")
	}
	if out := must[[]Record](t)(f.Unindexed(ctx)); len(out) != 1 || !out[0].same(kept) {
		t.Errorf("outbox %+v", out)
	}
}

func TestErased(t *testing.T) {
	f := open(t)
	n := ask(1, alice)
	a, b := n.record("submission", 0, "a"), n.record("advisory", 0, "b")
	wantCode(t, f.Freeze(ctx, a, b), "")
	wantCode(t, f.Indexed(ctx, a.Leaf, 1), "")
	if err := f.Erased(ctx, b.Leaf, "asked to"); !errors.Is(err, errNoRecord) {
		t.Fatalf("erased what the log does not have: %v", err)
	}
	if err := f.Erased(ctx, a.Leaf, ""); err == nil {
		t.Error("erased for no reason")
	}
	wantCode(t, f.Erased(ctx, a.Leaf, "asked to"), "")
	wantCode(t, f.Freeze(ctx, a), "") // still known, and not brought back
	h := must[[]Transition](t)(f.History(ctx, ""))
	if len(h) != 1 || h[0].Reason != "asked to" || h[0].To != "erased" || !strings.Contains(string(h[0].From), hex.EncodeToString(a.Leaf[:])) {
		t.Errorf("history %+v", h)
	}
}

func TestUnsealed(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Closed, Success)
	revoked, sealed := ask(2, alice), ask(3, alice)
	f.revoke(revoked, "no")
	f.revoke(sealed, "no")
	f.walk(4, Executing, "")
	wantCode(t, f.Freeze(ctx, sealed.record("run-closed", 0, "")), "")
	unsealed := func(want ...marketops.RunID) {
		t.Helper()
		slices.Sort(want)
		if got := must[[]marketops.RunID](t)(f.Unsealed(ctx, "run-closed")); !slices.Equal(got, want) {
			t.Errorf("unsealed %q, want %q", got, want)
		}
	}
	unsealed(n.Run, revoked.Run)
	wantCode(t, f.Freeze(ctx, n.record("run-closed", 0, ""), revoked.record("run-closed", 0, "")), "")
	unsealed()
	m, _ := f.walk(5, Closed, Unknown)
	wantCode(t, f.Freeze(ctx, m.record("run-closed", 0, "")), "")
	wantCode(t, resolveAs(Success)(f, m), "")
	unsealed(m.Run) // what ends later is to be sealed again
}

// TestUnsealedSubmissions: runs that were only submitted are unsealed too, and come after those in which something ended.
func TestUnsealedSubmissions(t *testing.T) {
	f := open(t)
	var ended, waiting []marketops.RunID
	for i := range 8 {
		n := ask(i, alice)
		wantCode(t, f.Freeze(ctx, n.record("submission", 0, "")), "")
		switch i % 4 {
		case 0:
			f.revoke(n, "no")
			ended = append(ended, n.Run)
		case 1:
			wantCode(t, f.Freeze(ctx, n.record("run-closed", 0, "")), "")
		default:
			waiting = append(waiting, n.Run)
		}
	}
	slices.Sort(ended)
	slices.Sort(waiting)
	if got := must[[]marketops.RunID](t)(f.Unsealed(ctx, "run-closed")); !slices.Equal(got, slices.Concat(ended, waiting)) {
		t.Errorf("unsealed %q, want %q and then %q", got, ended, waiting)
	}
}

func TestLookups(t *testing.T) {
	f := open(t)
	n, c := f.walk(1, Closed, Success)
	f.walk(2, Claimed, "")
	free := Record{Leaf: seeded("l", 1), Digest: seeded("d", 1), Kind: "note", Envelope: []byte("x")}
	wantCode(t, f.Freeze(ctx, free), "")
	for name, got := range map[string][]Record{
		"run":     must[[]Record](t)(f.ByRun(ctx, n.Run)),
		"receipt": must[[]Record](t)(f.ByReceipt(ctx, n.Receipt)),
	} {
		if len(got) != 2 || got[0].Kind != KindClaim || got[1].Kind != KindOutcome || got[1].Index == nil || *got[1].Index != 1 {
			t.Errorf("by %s: %+v", name, got)
		}
	}
	if got := must[[]Record](t)(f.ByDigest(ctx, c.ClaimRecord)); len(got) != 1 || got[0].Kind != KindClaim {
		t.Errorf("by digest: %+v", got)
	}
	if got := must[[]Record](t)(f.ByRun(ctx, "")); len(got) != 0 {
		t.Errorf("records of no run: %+v", got)
	}
	if _, found, err := f.ByLeaf(ctx, seeded("nowhere", 1)); found || err != nil {
		t.Error("found a leaf that was never frozen", err)
	}
}
