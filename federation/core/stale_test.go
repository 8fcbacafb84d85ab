package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/internal/test/world"
)

// TestSealedWhenStale: a run whose operations have no live receipt is sealed when its submission is stale, once, and
// not before; a restart in between changes nothing.
func TestSealedWhenStale(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	idle, half, late := w.NewRun().Submit(), w.Ready(world.TagOp("v1.0.0"), world.TagOp("v2.0.0")), w.NewRun().Submit()
	got(w.Client("bob").Revoke(ctx, api.Revoke{Receipt: half.Receipt(0).ReceiptID, Reason: "wrong"}))(t)
	week := time.Duration(federation.MaxSubmission) * time.Second
	w.Pass(week - time.Hour)
	w.Core.Sweep(ctx)
	late.Approve("alice").Authorize()
	seals := func(want ...int) {
		t.Helper()
		for i, s := range []*world.Run{idle, half, late} {
			if _, names := w.Records(s.ID); count(names, "run-closed") != want[i] {
				t.Errorf("run %d: %q, want %d seals", i+1, names, want[i])
			}
		}
	}
	w.Pass(time.Hour)
	w.Core.Sweep(ctx)
	w.Restart()
	seals(0, 0, 0)
	w.Pass(time.Second)
	w.Core.Sweep(ctx)
	seals(1, 1, 0) // one receipt lives for another hour
	w.Pass(time.Hour)
	w.Core.Sweep(ctx)
	w.Core.Sweep(ctx)
	w.Restart()
	seals(1, 1, 1)
	audited(w)
}

// TestNotSealedWhileOpen: a stale submission does not seal a run that is being published.
func TestNotSealedWhileOpen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.NewRun().Submit()
	w.Pass(time.Duration(federation.MaxSubmission) * time.Second)
	s.Approve("alice").Authorize().Execute(0, "pub")
	got(w.Client("pub").Attempt(ctx, s.Effect(0, 1)))(t)
	w.Pass(w.Options.Config.ReceiptLifetime)
	w.Core.Sweep(ctx)
	if _, names := w.Records(s.ID); count(names, "run-closed") != 0 {
		t.Errorf("sealed while it was executing: %q", names)
	}
	w.Pass(core.Silence)
	w.Core.Sweep(ctx)
	if _, names := w.Records(s.ID); count(names, "run-closed") != 1 {
		t.Errorf("control: %q", names)
	}
}
