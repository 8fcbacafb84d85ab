package core

import (
	"hash/maphash"
	"sync"

	"github.com/omega/marketops"
)

// lockStripes are locks of runs; two runs may share one.
type lockStripes struct {
	seed maphash.Seed
	lock [128]sync.RWMutex
}

// hold keeps all others from a run until release is called.
func (s *lockStripes) hold(run marketops.RunID) (release func()) {
	l := s.of(run)
	l.Lock()
	return l.Unlock
}

// share keeps only those from a run who hold it.
func (s *lockStripes) share(run marketops.RunID) (release func()) {
	l := s.of(run)
	l.RLock()
	return l.RUnlock
}

func (s *lockStripes) of(run marketops.RunID) *sync.RWMutex {
	return &s.lock[maphash.String(s.seed, string(run))%uint64(len(s.lock))]
}
