package core_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt"
)

// pair is an authorised run of two tags, the second after the first.
func pair(w *world.World, first, second string) *world.Run {
	w.Helper()
	return w.NewRun(world.TagOp(first), world.TagOp(second)).After(1, 0).Ready()
}

// fail publishes operation i with a definite refusal by GitHub after an attempt.
func fail(s *world.Run, i int) {
	s.Helper()
	c, e := s.Try(i, "pub")
	got(s.Client("pub").Outcome(context.Background(), s.OutcomeOf(i, "pub", c.Claim.Epoch, e.Position, func(out *receipt.Outcome) {
		out.Status, out.Code, out.Effects = receipt.Failed, marketops.GitHubDenied, s.Effects(i, receipt.EffectAbsent)
	})))(s)
}

// TestAfter: the receipt of an operation that comes after another one can be claimed once that has succeeded.
func TestAfter(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := pair(w, "v1.0.0", "v2.0.0")
	ask := func() (api.Claimed, error) { return s.Claim(1, "pub") }
	_, err := ask()
	wantCode(t, err, marketops.PrerequisiteOpen)
	if !strings.Contains(err.Error(), "operation 1 (tag_repo octo-org/widgets refs/tags/v1.0.0) must succeed first") {
		t.Error(err)
	}
	if _, names := w.Records(s.ID); slices.Contains(names, "claim") {
		t.Errorf("the refusal left %v", names)
	}
	checks := got(w.Client("pub").Check(context.Background(), s.Wanted(1, "pub")))(t)
	if c, failed := checks.FirstFailure(); !failed || c.Code != marketops.PrerequisiteOpen {
		t.Errorf("check says %+v", checks)
	}
	s.Execute(0, "pub")
	_, err = ask()
	wantCode(t, err, marketops.PrerequisiteOpen)
}

func TestAfterSuccess(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := pair(w, "v1.0.0", "v2.0.0")
	s.Publish(0, "pub")
	s.Publish(1, "pub")
}

// TestAfterFailure: a failed prerequisite does not do; its success under another receipt does.
func TestAfterFailure(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := pair(w, "v1.0.0", "v2.0.0")
	fail(s, 0)
	_, err := s.Claim(1, "pub")
	wantCode(t, err, marketops.PrerequisiteOpen)
	s.Authorize()
	s.Publish(0, "pub")
	s.Publish(1, "pub")
}

// TestAfterIsOfOneRun: the same operation in another run does not do.
func TestAfterIsOfOneRun(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	w.Ready(world.TagOp("v1.0.0")).Publish(0, "pub")
	s := pair(w, "v1.0.0", "v2.0.0")
	_, err := s.Claim(1, "pub")
	wantCode(t, err, marketops.PrerequisiteOpen)
}

// TestPlanLost: where the plan cannot be read nothing is claimed, for something might have to come first.
func TestPlanLost(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(path string) error{
		"removed": os.Remove,
		"changed": func(path string) error { return os.WriteFile(path, []byte("{}"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t)
			s, control := w.Ready(), w.Ready()
			got(control.Claim(0, "pub"))(t)
			for _, r := range []*world.Run{s, control} {
				must(t, damage(filepath.Join(w.Dir, "documents", r.PlanDigest().Hex())))
			}
			_, err := s.Claim(0, "pub")
			wantCode(t, err, marketops.StateMissing)
			got(control.Claim(0, "pub"))(t) // what was begun comes to an end
		})
	}
}
