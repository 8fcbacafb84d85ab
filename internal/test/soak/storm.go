package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
)

const (
	settleWait   = 20 * time.Minute // for what is left when the kills are over
	maxRunKills  = 12               // of one run's publishers: below the 16 visible effects a receipt may attempt
	coreRest     = 2500 * time.Millisecond
	coreAway     = 400 * time.Millisecond
	coreLongAway = 4 * time.Second // longer than a publisher asks again
)

// storm is the time in which processes are killed.
type storm struct {
	options
	world             *testenv.World
	end               time.Time
	issued            atomic.Int64
	clock             *testenv.Clock
	publishers, cores atomic.Int64
	expiries          atomic.Int64 // times that the clocks were moved past the end of every receipt
	refusals          atomic.Int64 // of GitHub's, in passing or finally
	others            atomic.Int64 // tags and drafts that others made
	revocations       atomic.Int64
	repeats           atomic.Int64 // times that a run was authorised again
	mu                sync.Mutex
	runs              []*run
	failures          []error
}

// over says that nothing more is killed.
func (s *storm) over() bool {
	return int(s.publishers.Load()+s.cores.Load()) >= s.kills || time.Now().After(s.end)
}

// rage publishes and kills until everything is settled.
func (s *storm) rage(ctx context.Context) ([]*run, error) {
	ctx, cancel := context.WithDeadline(ctx, s.end.Add(settleWait))
	defer cancel()
	var workers, killer sync.WaitGroup
	for range s.workers {
		workers.Go(func() { s.work(ctx) })
	}
	idle := make(chan struct{})
	killer.Go(func() { s.fail(s.killCore(ctx, idle)) })
	killer.Go(func() { s.fail(s.expire(ctx, idle)) })
	workers.Wait()
	close(idle)
	killer.Wait()
	return s.runs, errors.Join(s.failures...)
}

func (s *storm) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failures = append(s.failures, err)
	}
}

// work takes one run after the other, as long as operations or kills are owed.
func (s *storm) work(ctx context.Context) {
	for ctx.Err() == nil {
		n := int(s.issued.Add(1)) - 1
		if n*perRun >= s.ops && s.over() {
			return
		}
		r := newRun(s, n)
		if err := r.prepare(ctx); err != nil {
			s.fail(err)
			return
		}
		s.mu.Lock()
		s.runs = append(s.runs, r)
		s.mu.Unlock()
		r.publish(ctx)
	}
}

func newRun(s *storm, n int) *run {
	return &run{number: n, size: perRun, storm: s, random: rand.New(rand.NewPCG(s.seed, uint64(n)+1)),
		hindered: map[int]bool{}, done: map[int]bool{}, unknown: map[int]bool{}}
}

// killCore kills the Core and starts it again until the storm is over or nobody works any more.
func (s *storm) killCore(ctx context.Context, idle <-chan struct{}) error {
	random := rand.New(rand.NewPCG(s.seed, 0))
	for {
		if !rest(ctx, idle, time.Duration(random.Int64N(int64(coreRest)))) || s.over() {
			return nil
		}
		if state := s.world.Core.Stop(syscall.SIGKILL); !testenv.Killed(state) {
			return errors.New("the Core ended by itself: " + state.String())
		}
		s.cores.Add(1)
		away := time.Duration(random.Int64N(int64(coreAway)))
		if random.IntN(8) == 0 {
			away = coreLongAway
		}
		rest(ctx, idle, away)
		if err := s.world.StartCore(); err != nil {
			return err
		}
	}
}

// rest waits and reports whether there is still work.
func rest(ctx context.Context, idle <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-idle:
	case <-ctx.Done():
	}
	return false
}
