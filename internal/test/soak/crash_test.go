//go:build crash

package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"sync"
	"testing"

	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/testenv"
)

// workers is how many machines work side by side: a trial mostly waits, for leases and checkpoints.
const workers = 12

// TestCrashPoints walks through every moment at which a publication can break off, in either
// process: it is killed there, meets an I/O error, or sleeps there past its lease. Somebody else
// goes on, and the soak's checker judges what is left. Nothing may have happened twice, be lost or be
// told falsely, and every point of the source must have been passed and every order obeyed.
func TestCrashPoints(t *testing.T) {
	bin := t.TempDir()
	must(t, testenv.Build(context.Background(), bin, testenv.Crash))
	seen := &passings{known: map[string]bool{}}
	trials := survey(t, bin, seen)
	t.Logf("%d trials", len(trials))
	work := make(chan trial, len(trials))
	for _, c := range trials {
		work <- c
	}
	close(work)
	t.Run("machines", func(t *testing.T) {
		for i := range workers {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				m := newCrashWorld(t, bin)
				for c := range work {
					m.try(c)
				}
				m.end(seen)
			})
		}
	})
	seen.cover(t)
}

// sampled is how many trials are made of the variants that are sampled, and of receipts that expire.
const sampled = 120

// survey publishes each variant undisturbed, and each prelude, and returns one trial for every point
// passed and every action, and some of those for which [variant] says so.
func survey(t *testing.T, bin string, seen *passings) []trial {
	m := newCrashWorld(t, bin)
	var all, some []trial
	for i := range variants {
		v := &variants[i]
		for _, p := range seen.fresh(v.rare, m.walk(v)) {
			trials := p.trials(v)
			if v.sampled {
				some = append(some, trials...)
				continue
			}
			all = append(all, trials...)
			if !v.rare && p.who != "core" {
				some = append(some, trial{variant: v, strike: strike{p, "kill"}, expires: true})
			}
		}
	}
	m.end(seen)
	return append(all, exhaustive.Sample(t, sampled, some)...)
}

func (p passing) trials(v *variant) (out []trial) {
	for _, action := range []string{"kill", "error", "pause"} {
		out = append(out, trial{variant: v, strike: strike{p, action}})
	}
	return out
}

// passings remembers which points were passed at all.
type passings struct {
	mu    sync.Mutex
	known map[string]bool
}

// fresh returns those of ps that a trial is worth, all of them unless the variant is rare: then
// only points of a name that was not passed before.
func (s *passings) fresh(rare bool, ps []passing) (out []passing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range ps {
		if !rare || !s.known[p.point] {
			out = append(out, p)
		}
	}
	for _, p := range ps {
		s.known[p.point] = true
	}
	return out
}

// afterRefusal are the points behind a refusal of GitHub: every trial has to end in a success, and passes none.
// TestDiscard of publisher/github is about them.
var afterRefusal = []string{"github.send.*.remove-the-draft", "github.answered.*.remove-the-draft"}

// cover fails for every point of the source that nobody passed.
func (s *passings) cover(t *testing.T) {
	for _, want := range pointsOfSource(t) {
		if !slices.Contains(afterRefusal, want) && !slices.ContainsFunc(keys(s.known), func(p string) bool { hit, err := path.Match(want, p); return hit && err == nil }) {
			t.Errorf("nobody passed the point %s", want)
		}
	}
	t.Logf("%d points passed: %q", len(s.known), keys(s.known))
}

func keys(m map[string]bool) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newCrashWorld(t *testing.T, bin string) *crashWorld {
	t.Helper()
	w, err := testenv.New(testenv.Options{Bin: bin, Flags: []string{"--limit", "10000000"}})
	must(t, err)
	m := &crashWorld{World: w, t: t, clock: w.NewClock()}
	t.Cleanup(func() {
		if w.Keep = t.Failed(); w.Keep {
			t.Log("everything is in", w.Dir)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	must(t, w.StartGitHub())
	must(t, w.MakeState())
	must(t, w.EditCore(wider...))
	must(t, m.adapt())
	m.Env = append(m.Env, "MARKETOPS_FAULTS="+m.faults("core"))
	must(t, m.StartCore())
	return m
}

func (m *crashWorld) faults(who string) string {
	dir := m.Path("faults-" + who)
	must(m.t, os.MkdirAll(dir, 0o755))
	return dir
}

// end judges everything that happened on this machine.
func (m *crashWorld) end(seen *passings) {
	for _, r := range m.runs {
		m.await(r.folder(0)+" is sealed", func() bool { return m.sealed(r) })
	}
	found, err := check(context.Background(), m.World, m.runs)
	if err == nil {
		m.t.Log(found)
		err = found.err()
	}
	if err != nil {
		m.t.Errorf("%s: %v", m.Dir, err)
	}
	for _, who := range []string{"core", "0", "1"} {
		seen.fresh(true, m.hits(who, 0))
	}
}

func (m *crashWorld) problem(c trial, format string, args ...any) {
	m.t.Errorf("%s: %s: %s", m.Dir, c, fmt.Sprintf(format, args...))
}
