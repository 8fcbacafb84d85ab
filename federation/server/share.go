package server

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
)

// shares bound what is handled of one caller at one time.
type shares struct {
	mu     sync.Mutex
	calls  map[string]int
	bodies map[string]int64
}

// enter takes a place for a call with a body of so many bytes, until done is called. Code limit-reached.
func (s *shares) enter(who string, body int64) (done func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls, s.bodies = map[string]int{}, map[string]int64{}
	}
	body = max(body, 0)
	if s.calls[who] >= federation.CallsAtOnce || s.bodies[who]+body > federation.BodiesAtOnce {
		return nil, marketops.Refuse(marketops.LimitReached, fmt.Sprintf("%d calls of %s with %d bytes are under way", s.calls[who], who, s.bodies[who]))
	}
	s.calls[who]++
	s.bodies[who] += body
	return func() { s.leave(who, body) }, nil
}

func (s *shares) leave(who string, body int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[who]--
	s.bodies[who] -= body
	if s.calls[who] == 0 {
		delete(s.calls, who)
		delete(s.bodies, who)
	}
}

// refused bounds the lines about refused calls in the Core's own log: so many a minute of each caller, and of all that
// did not verifiably make the call together. The others are counted by code, and said at the next refusal after the minute.
type refused struct {
	mu     sync.Mutex
	minute marketops.Time
	lines  map[string]int
	others map[marketops.Code]int
}

// note reports whether a refusal gets a line; by is "" for a caller who is not known.
func (f *refused) note(log *slog.Logger, by string, code marketops.Code, now marketops.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := now / 60; f.lines == nil || m != f.minute {
		for _, c := range slices.Sorted(maps.Keys(f.others)) {
			log.Warn("requests refused without a line each", "code", string(c), "count", f.others[c])
		}
		f.minute, f.lines, f.others = m, map[string]int{}, map[marketops.Code]int{}
	}
	if f.lines[by] < federation.RefusalsPerMinute {
		f.lines[by]++
		return true
	}
	f.others[code]++
	return false
}
