package claims

import (
	"errors"
	"slices"
	"testing"

	"github.com/omega/marketops"
)

// TestDrafts: an id is kept for its operation, once, through a restart, and only from the publisher that executes it,
// which can strike it until its first attempt.
func TestDrafts(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Executing, "")
	other, _ := f.walk(2, Claimed, "")
	for _, id := range []int64{77, 5, 77, 8} {
		if err := f.NoteDraft(ctx, n.Receipt, 1, alice, id); err != nil {
			t.Fatal(err)
		}
	}
	for name, err := range map[string]error{
		"zero":          f.NoteDraft(ctx, n.Receipt, 1, alice, 0),
		"older epoch":   f.NoteDraft(ctx, n.Receipt, 0, alice, 6),
		"another owner": f.NoteDraft(ctx, n.Receipt, 1, bob, 6),
		"claimed only":  f.NoteDraft(ctx, other.Receipt, 1, alice, 6),
		"no claim":      f.NoteDraft(ctx, ask(3, alice).Receipt, 1, alice, 6),
	} {
		if err == nil {
			t.Errorf("%s: it was noted", name)
		}
	}
	if err := f.StrikeDraft(ctx, n.Receipt, 1, alice, 8); err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.NoteDraft(ctx, n.Receipt, 1, alice, 8), marketops.Consumed)
	must[int](t)(f.Attempt(ctx, n.Receipt, 1, alice, "tag", pass))
	wantCode(t, f.StrikeDraft(ctx, n.Receipt, 1, alice, 5), marketops.Consumed) // it may be published by now
	f.reopen()
	got, err := f.Drafts(ctx, n.OpDigest)
	if err != nil || !slices.Equal(got, []int64{5, 77}) {
		t.Errorf("%v %v", got, err)
	}
	if got, err := f.Drafts(ctx, other.OpDigest); err != nil || len(got) != 0 {
		t.Errorf("of another operation: %v %v", got, err)
	}
}

// TestDraftLimit: no caller fills the disk with ids.
func TestDraftLimit(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Executing, "")
	for id := range int64(maxDrafts) {
		if err := f.NoteDraft(ctx, n.Receipt, 1, alice, id+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.NoteDraft(ctx, n.Receipt, 1, alice, maxDrafts+1); !errors.Is(err, marketops.LimitReached) {
		t.Errorf("%v", err)
	}
	if err := f.NoteDraft(ctx, n.Receipt, 1, alice, 1); err != nil {
		t.Errorf("a known one: %v", err)
	}
}
