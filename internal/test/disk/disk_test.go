//go:build disk && linux && amd64

package disk

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	leastFaults = 3        // in one world; fewer prove nothing
	mostFaults  = 1000     // far more than one publish has calls
	mostFree    = 16 << 10 // KiB
	claimed     = 2        // syncs until the claim is on disk, and its record not yet in the log
	reserved    = 20       // writes until the Core has looked for its reserve
)

// disturbed publishes a run once while something fails.
type disturbed func(r *run, f *fault) ending

// inPublisher lets the disk of the publisher fail.
func inPublisher(r *run, f *fault) ending { return r.publish(f) }

// inCore lets the disk of the Core fail for as long as a publisher is at work.
func inCore(r *run, f *fault) ending {
	before := len(r.core.hits())
	r.core.arm(f)
	e := r.publish(nil)
	r.core.arm(nil)
	e.struck = r.core.hits()[before:]
	return e
}

// inCoreThatEnds is inCore with another Core afterwards, as after any error of its disk. Until then
// a ledger whose database could not be synced answers nothing, since nobody knows what it holds.
func inCoreThatEnds(r *run, f *fault) ending {
	e := inCore(r, f)
	if len(e.struck) == 0 {
		return e
	}
	if f.errno == unix.EIO && strings.Contains(e.struck[0], "claims.db") {
		if again := r.publish(nil); again.exit != 1 || again.code != "ledger-unavailable" {
			r.Errorf("%s: %s, and then the Core went on: %s", f, e, again)
		}
	}
	r.killCore()
	r.ok(r.startCore(nil))
	return e
}

// atStart ends the Core with a record that waits for the log, and lets the disk fail while the next
// one starts and appends it.
func atStart(r *run, f *fault) ending {
	e := inCore(r, &fault{syncs: true, kill: true, at: claimed})
	r.killCore()
	err := r.startCore(f)
	e.struck = r.core.hits()
	r.core.arm(nil)
	if err == nil && len(e.struck) > 0 && f.errno == unix.EIO && strings.Contains(e.struck[0], "claims.db") {
		r.Errorf("%s: the Core started all the same, %q", f, e.struck)
	}
	r.killCore()
	r.ok(r.startCore(nil))
	return e
}

// TestDisk: whatever call on a disk fails, nothing that was acknowledged is lost, nothing happens
// without a public intent, and the next publisher brings it to its one true end.
func TestDisk(t *testing.T) {
	full, broken := fault{errno: unix.ENOSPC, always: true}, fault{errno: unix.EIO, syncs: true}
	diesAtWrite, diesAtSync := fault{kill: true}, fault{kill: true, syncs: true}
	for _, s := range []struct {
		name   string
		fault  fault
		every  int // 1: each call of a publish; more: the database writes its pages in long rows
		worlds int // side by side
		run    disturbed
	}{
		{"publisher-full", full, 1, 1, inPublisher},
		{"publisher-EIO", broken, 1, 1, inPublisher},
		{"publisher-killed-at-write", diesAtWrite, 1, 1, inPublisher},
		{"publisher-killed-at-sync", diesAtSync, 1, 1, inPublisher},
		{"core-full", full, 3, 2, inCore},
		{"core-EIO", broken, 1, 2, inCoreThatEnds},
		{"core-killed-at-write", diesAtWrite, 5, 4, inCoreThatEnds}, // a publisher asks for seconds whether it is back
		{"core-killed-at-sync", diesAtSync, 1, 4, inCoreThatEnds},
		{"start-full", full, 2, 2, atStart},
		{"start-EIO", broken, 1, 2, atStart},
	} {
		for part := range s.worlds {
			t.Run(fmt.Sprintf("%s-%d", s.name, part), func(t *testing.T) {
				t.Parallel()
				newWorld(t).sweep(s.fault, 1+part*s.every, s.worlds*s.every, s.run)
			})
		}
	}
}

// sweep lets the fault strike at one call after the other, a run each, until one gets through.
func (w *world) sweep(f fault, first, step int, run disturbed) {
	w.Helper()
	for f.at = first; f.at < mostFaults; f.at += step {
		if now := f; w.authorised().survives(run, &now) {
			continue
		}
		n := (f.at - first) / step
		if w.Logf("%d faults", n); n < leastFaults {
			w.Error("too few to prove anything")
		}
		return
	}
	w.Error("it never got through")
}

// TestSmallDisk: a disk on which some KiB are free, so that writes end in the middle: for the
// publisher from the beginning, for the Core, which keeps a reserve, from the claim on.
func TestSmallDisk(t *testing.T) {
	for folder, publish := range map[string]func(*run, func()) ending{
		"home": func(r *run, fill func()) ending { fill(); return r.publish(nil) },
		".marketops": func(r *run, fill func()) ending {
			return inCore(r, &fault{at: reserved, then: fill})
		},
	} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, folder)
			for kib := 0; kib < mostFree; kib += max(4, kib/4) {
				gotThrough := false
				w.authorised().survives(func(r *run, _ *fault) ending {
					e := publish(r, func() { w.fill(folder, kib) })
					w.unfill(folder)
					gotThrough = e.exit == 0
					return e
				}, &fault{})
				if gotThrough && kib > 0 {
					t.Logf("it gets through with %d KiB", kib)
					return
				}
			}
			t.Error("it never got through")
		})
	}
}

// survives demands of a run that met a fault what must hold whatever it met, and reports whether
// it met one.
func (r *run) survives(disturb disturbed, f *fault) bool {
	r.Helper()
	e := disturb(r, f)
	name := fmt.Sprintf("%s: %s", f, e)
	now := r.told()
	if r.effects() > 0 && (len(now.Claims) == 0 || len(now.Intents) == 0) {
		r.Errorf("%s: the tag is there, and the log tells %+v", name, now)
	}
	if e.exit == 0 && (e.status != "success" || len(now.Outcomes) != 1) {
		r.Errorf("%s: it is said to be done, and the log tells %+v", name, now)
	}
	if e.exit > 0 && e.code == "" {
		r.Errorf("%s: no code:\n%s", name, e.said)
	}
	r.settles(name, e)
	return len(e.struck) > 0
}

// settles: with a whole disk the next publisher ends it with one effect and one true outcome.
func (r *run) settles(name string, before ending) {
	r.Helper()
	e := r.publish(nil)
	if e.exit != 0 || e.status != "success" || before.exit == 0 && before.leaf != e.leaf {
		r.Fatalf("%s, then %s\n%s\nthe Core said\n%s", name, e, e.said, r.core.tail())
	}
	if n := r.effects(); n != 1 {
		r.Errorf("%s: the tag was made %d times", name, n)
	}
	if a := r.told(); len(a.Outcomes) != 1 || a.Outcomes[0] != "success" {
		r.Errorf("%s: the log tells %+v", name, a)
	}
	if c := r.claim(); c.State != "closed" || c.Outcome != "success" {
		r.Errorf("%s: the claim is %+v", name, c)
	}
	r.ok(r.Audit(r.Context()))
}
