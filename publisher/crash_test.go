package publisher_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/publisher"
)

// ending is one publication that ends at a point, and who comes after it.
type ending struct {
	op     func() marketops.Operation
	at     point
	how    string // "killed": the process is gone; "cut": the call fails
	key    string // of who comes after: pub on the same folder, pub2 on another machine
	run    *run
	folder string
}

func (e *ending) String() string {
	return fmt.Sprintf("%s %s, then %s", e.how, e.at, e.key)
}

// points are all points of one publication without a mishap.
func (s *stage) points(op marketops.Operation) []point {
	s.Helper()
	r := s.authorised(op)
	p := r.sit("pub", r.folder())
	defer p.leave()
	t := &track{}
	p.tracked(t)
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if results[0].Status != "success" {
		s.Fatalf("%+v", results[0])
	}
	r.shipped(0)
	return t.seen
}

// begin publishes until the point.
func (e *ending) begin(s *stage) {
	e.run = s.authorised(e.op())
	e.folder = e.run.folder()
	p := e.run.sit("pub", e.folder)
	t := &track{at: e.at, strike: cut}
	if slices.Contains([]string{"record", "read", "write"}, e.at.name) {
		t.strike = func() error { return &marketops.Failure{Code: marketops.DiskFull, What: "no space left"} }
	}
	if e.at.name == "renew" { // an error of no known kind
		t.strike = func() error { return errors.New("the lease is a mystery") }
	}
	if e.how == "killed" {
		t.strike = killed
	}
	p.tracked(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := p.Run(context.Background(), marketops.Prod, p.jobs)
		if err == nil && e.how == "killed" && e.at != (point{}) && !t.hit {
			s.Errorf("%s: never came there", e)
		}
	}()
	<-done
	p.leave()
	if !t.hit {
		s.Errorf("%s: the point was not reached", e)
	}
	e.honest(s, t)
}

// honest: before the door is open no request was begun that writes.
func (e *ending) honest(s *stage, t *track) {
	opened := slices.Contains(t.seen, point{"execute", 1, false})
	if n := e.run.used.Load(); !opened && n != 0 {
		s.Errorf("%s: %d writes were begun before the door was open", e, n)
	}
	if got := s.visible(e.run.plan.Ops[0]); !slices.Contains(t.seen, point{"attempt", 1, true}) && len(got) != 0 {
		s.Errorf("%s: %q became visible without an attempt that was counted", e, got)
	}
}

// resume publishes again, with a new process.
func (e *ending) resume(s *stage) {
	folder := e.folder
	if e.key != "pub" {
		folder = e.run.folder()
	}
	results, err := e.run.publish(e.key, folder)
	if err != nil {
		s.Errorf("%s: %v", e, err)
		return
	}
	// Whoever comes too late is refused; everybody else reports the success.
	late := results[0].Status == "refused" && marketops.CodeOf(results[0].Err) == marketops.Consumed && e.key != "pub"
	if results[0].Status != "success" && !late {
		s.Errorf("%s: %s %v", e, results[0].Status, results[0].Err)
		return
	}
	o := e.run.shipped(0)
	if o.Epoch > 2 {
		s.Errorf("%s: epoch %d", e, o.Epoch)
	}
	if n := (publisher.Outbox{Dir: folder + "/outbox"}).Pending(); n != 0 {
		s.Errorf("%s: %d records wait", e, n)
	}
}

// sideBySide does many things at once: most of their time is waiting for checkpoints.
func sideBySide[T any](all []T, do func(T)) {
	var wg sync.WaitGroup
	work := make(chan T)
	for range 24 {
		wg.Go(func() {
			for e := range work {
				func() {
					done := make(chan struct{})
					go func() { defer close(done); do(e) }() // Fatal ends this goroutine alone
					<-done
				}()
			}
		})
	}
	for _, e := range all {
		work <- e
	}
	close(work)
	wg.Wait()
}

// TestCrashAnywhere ends a publication at every call that it makes to the Core, the log, the
// journal and (through the journal line behind it) GitHub, once as a kill and once as a failing
// call, and publishes again: on the same machine, and with another key of the audience on
// another. Every time one effect, one outcome, and both true.
func TestCrashAnywhere(t *testing.T) {
	s := newStage(t)
	var endings []*ending
	add := func(op func() marketops.Operation, p point, how, key string) {
		endings = append(endings, &ending{op: op, at: p, how: how, key: key})
	}
	for i, p := range s.points(s.tagOp()) {
		if !p.before || i == 0 {
			add(s.tagOp, p, "killed", "pub")
			add(s.tagOp, p, "killed", "pub2")
		}
		if p.name != "check" {
			add(s.tagOp, p, "cut", []string{"pub", "pub2"}[i%2])
		}
	}
	for i, p := range s.points(s.releaseOp()) {
		if slices.Contains([]string{"write", "attempt", "record", "outcome"}, p.name) {
			add(s.releaseOp, p, []string{"killed", "cut"}[i/2%2], []string{"pub", "pub2"}[i%2])
		}
	}
	endings = exhaustive.Sample(t, 24, endings)
	sideBySide(endings, func(e *ending) { e.begin(s) })
	s.leaseEnds()
	sideBySide(endings, func(e *ending) {
		if e.run != nil {
			e.resume(s)
		}
	})
	s.lawful()
}
