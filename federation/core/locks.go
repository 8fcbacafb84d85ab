package core

import (
	"hash/maphash"
	"sync"

	"github.com/omega/marketops"
)

// lockStripes are locks of runs; two runs may share one.
type lockStripes struct {
	seed maphash.Seed
	once sync.Once
	lock [128]sync.RWMutex
}

func (s *lockStripes) of(run marketops.RunID) *sync.RWMutex {
	s.once.Do(func() { s.seed = maphash.MakeSeed() })
	return &s.lock[maphash.String(s.seed, string(run))%uint64(len(s.lock))]
}
