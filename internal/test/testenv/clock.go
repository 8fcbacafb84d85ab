package testenv

import (
	"os"
	"sync"
	"time"

	"github.com/omega/marketops/internal/test/fastclock"
)

// Clock moves the clocks of all processes of a world forward. The binaries are built with patches.Clock.
type Clock struct {
	mu    sync.Mutex
	path  string
	ahead time.Duration
}

// NewClock gives the processes that are started from now on a clock that can be moved.
func (w *World) NewClock() *Clock {
	c := &Clock{path: w.Path("clock")}
	w.Env = append(w.Env, "MARKETOPS_CLOCK="+c.path)
	return c
}

// Pass moves the clocks forward, those of running processes too.
func (c *Clock) Pass(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	if err := os.WriteFile(c.path+".new", []byte(c.ahead.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(c.path+".new", c.path)
}

// FastClock gives the processes that are started from now on, the practice GitHub included, a clock that runs so many times
// as fast as the machine's. The binaries are built with patches.FastClock.
func (w *World) FastClock(rate int) {
	setting := fastclock.Setting(rate)
	w.Env, w.Flags = append(w.Env, fastclock.Variable+"="+setting), append(w.Flags, "--fast", setting)
}
