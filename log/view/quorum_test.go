package view_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log/view"
)

// TestWitnessesAdded: what was remembered before the log had witnesses still guards against a
// rollback, and a checkpoint without their cosignatures is waited for and then missing.
func TestWitnessesAdded(t *testing.T) {
	dir := t.TempDir()
	b := newBook(5)
	latest(t, b.view(dir), 5)
	witnessed := *b.log
	witnessed.Witnesses = []logtest.Witness{{Name: "w1.example", Key: logtest.Key(101), At: 1000}, {Name: "w2.example", Key: logtest.Key(102), At: 1000}}
	v := view.New(b, witnessed.Policy(), dir)
	refused(t, v, dir, marketops.QuorumUnmet)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := v.Covering(ctx, 0); !errors.Is(err, marketops.QuorumUnmet) || errors.Is(err, marketops.LogUnavailable) {
		t.Errorf("waiting without them: %v", err)
	}
	b.log = &witnessed
	latest(t, v, 5)
	b.checkpoint = func() ([]byte, error) { return witnessed.CheckpointAt(2), nil }
	refused(t, view.New(b, witnessed.Policy(), dir), dir, marketops.LogRolledBack)
	if evidence(t, dir) == "" {
		t.Error("no evidence was kept")
	}
}
