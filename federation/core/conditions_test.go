package core_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

// changes are what can become true after a receipt was issued, in the order of the table of docs/protocol.md: the code
// with which it stops each step until the first attempt, and the next effect after it; "" where it does not.
var changes = []struct {
	name          string
	before, after marketops.Code
	happen        func(*world.Run)
}{
	{"nothing", "", "", func(*world.Run) {}},
	{"an eligible rejection", marketops.RejectedByApprover, "", func(s *world.Run) { got(s.VoteAs("carol", rejection))(s) }},
	{"another policy", marketops.PolicySuperseded, "", func(s *world.Run) { writePolicy(s, "// nothing\n") }},
	{"a freeze that begins", marketops.Frozen, "", func(s *world.Run) { s.Pass(time.Minute) }},
	{"a higher minimum", "", "", func(s *world.Run) {
		nextTrust(s, func(f *trust.File) { f.Approvals[0].Threshold = 2 })
	}},
	{"the authority's key revoked", marketops.KeyRevoked, marketops.KeyRevoked, func(s *world.Run) {
		nextTrust(s, func(f *trust.File) { revoke(f.Authorities) })
	}},
	{"the publisher's key revoked", marketops.KeyRevoked, marketops.KeyRevoked, func(s *world.Run) {
		nextTrust(s, func(f *trust.File) { revoke(f.Publishers) })
	}},
	{"trust.json expired", marketops.TrustExpired, marketops.TrustExpired, func(s *world.Run) {
		nextTrust(s, func(f *trust.File) { f.Expires = s.Now() + 30 })
		s.Pass(30 * time.Second)
	}},
	{"the receipt expired", marketops.Expired, marketops.Expired, func(s *world.Run) { s.Pass(2 * time.Hour) }},
}

func revoke(keys []trust.Key) {
	for i := range keys {
		keys[i].RevokedFrom = []log.Position{{Origin: world.Origin}}
	}
}

func nextTrust(s *world.Run, edit func(*trust.File)) {
	s.WriteTrust(s.Trust.Version()+1, edit)
	s.Core.ReloadChanged(context.Background())
}

func writePolicy(s *world.Run, text string) {
	must(s, os.WriteFile(filepath.Join(s.Dir, "policy", "99-more.cedar"), []byte(text), 0o600))
	s.Core.ReloadChanged(context.Background())
}

// freezing is a policy that freezes for an hour, from a minute after now on.
func freezing(w *world.World) string {
	return fmt.Sprintf("@code(\"frozen\") forbid (principal, action, resource) when { context.common.now >= datetime(%q) && context.common.now < datetime(%q) };\n", (w.Now() + 50).String(), (w.Now() + 3600).String())
}

// TestConditions: each change stops each step that comes before the first attempt, or no step, as the table says; after
// the first attempt only revoked keys, an expired trust file and the receipt's expiry stop the next effect.
func TestConditions(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		for _, stage := range stages {
			t.Run(c.name+" "+stage.name, func(t *testing.T) {
				t.Parallel()
				s := condition(t)
				next := stage.reach(s)
				c.happen(s)
				want := c.before
				if want == marketops.Expired && stage.name == "before the intent" {
					want = "" // an intent is no effect; the execution is refused
				}
				if err := next(); marketops.CodeOf(err) != want || want == "" && err != nil {
					t.Errorf("got %v, want %q", err, want)
				}
			})
		}
		t.Run(c.name+" after the first attempt", func(t *testing.T) {
			t.Parallel()
			s := condition(t)
			s.Execute(0, "pub")
			got(s.Client("pub").Attempt(context.Background(), s.Effect(0, 1)))(t)
			c.happen(s)
			second := s.Effect(0, 1)
			second.Effect = marketops.EffectRelease
			if _, err := s.Client("pub").Attempt(context.Background(), second); marketops.CodeOf(err) != c.after || c.after == "" && err != nil {
				t.Errorf("got %v, want %q", err, c.after)
			}
		})
	}
}

func condition(t *testing.T) *world.Run {
	w := world.New(t)
	must(t, os.WriteFile(filepath.Join(w.Dir, "policy", "98-freeze.cedar"), []byte(freezing(w)), 0o600))
	w.Core.Sweep(context.Background())
	w.Core.Quiet()
	return w.Ready(world.ReleaseOp("v1.0.0"))
}

// TestConditionsTable: docs/protocol.md has the same table.
func TestConditionsTable(t *testing.T) {
	t.Parallel()
	text := string(got(os.ReadFile("../../docs/protocol.md"))(t))
	for _, c := range changes[1:] {
		says := func(code marketops.Code) string {
			if code == "" {
				return "continues"
			}
			return "`" + string(code) + "`"
		}
		if row := fmt.Sprintf("| %s | %s | %s |", c.name, says(c.before), says(c.after)); !slices.Contains(strings.Split(text, "\n"), row) {
			t.Errorf("docs/protocol.md has no row %q", row)
		}
	}
}

// TestJudgedFactsLost: where what policy judged cannot be read nothing begins.
func TestJudgedFactsLost(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s, control := w.Ready(), w.Ready()
	must(t, errOf(control.Claim(0, "pub")))
	dir := filepath.Join(w.Dir, "asked")
	for _, f := range got(os.ReadDir(dir))(t) {
		must(t, os.Remove(filepath.Join(dir, f.Name())))
	}
	w.Restart()
	wantCode(t, errOf(s.Claim(0, "pub")), marketops.FactUnobserved)
}

// TestCheckSaysFreeze: a publisher's gate learns of a freeze that began after the receipt before it claims anything.
func TestCheckSaysFreeze(t *testing.T) {
	t.Parallel()
	s := condition(t)
	ask := func() error { return errOf(s.Client("pub").Check(context.Background(), s.Wanted(0, "pub"))) }
	must(t, ask())
	s.Pass(time.Minute)
	wantCode(t, ask(), marketops.Frozen)
}
