// Package ratelimit holds the writes of one credential to what GitHub allows, over all processes of one
// user on one machine.
//
// # What is promised
//
//   - In no second, minute or hour do more writes of a credential go out than [Limits] say, however
//     many processes write. A write is booked, durably and under a lock, before it is sent. Nothing is
//     booked ahead: who must wait asks again, so that whoever dies waiting holds nobody up.
//   - A limit that GitHub told one process holds back all of them until it ends, [Longest] at most.
//   - The file is named after a hash of the credential and never holds it. A file has at most as
//     many entries as an hour allows; one that nobody wrote for a day is removed.
//
// # When something is out of order
//
// A crash leaves the file of before or after a booking. A file that cannot be understood counts as a
// rest of a minute and begins anew. If the machine's clock goes back, what stands in the file's future
// counts as written just now: a wait may be longer than needed, an hour at most, and never shorter. If
// the clock leaps ahead, what other processes wrote is forgotten early; what this one wrote is not,
// because that is measured without the clock.
//
// # The file
//
// {dir}/{hash}.json, JSON, times in milliseconds since 1970:
//
//	{"schema": "marketops.pace/v1", "written": [1770000000000], "rest_until": 0}
//
// The file {dir}/lock is locked for each look and each booking.
package ratelimit

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
)

// Longest is the longest rest that is remembered: a primary limit of GitHub ends within the hour.
const Longest = 65 * time.Minute

// How long another process may hold the lock, and how often it is tried. It is held for milliseconds.
const (
	lockWait  = 30 * time.Second
	lockPause = 10 * time.Millisecond
)

// Limits bound the writes of one credential. A zero limit lets nothing through.
type Limits struct{ PerSecond, PerMinute, PerHour int }

// GitHub returns GitHub's own advice: one write a second, 80 a minute, 500 an hour.
func GitHub() Limits { return Limits{PerSecond: 1, PerMinute: 80, PerHour: 500} }

// Limiter is the pace of one credential. Its methods may be called from several goroutines. Errors are
// about the file or the lock, or ctx's; nothing is booked then.
type Limiter struct {
	dir        string
	limits     Limits
	credential func(context.Context) (string, error)

	mu  sync.Mutex
	own []time.Time // what this process wrote, with the readings of the clock that cannot be set
}

// New returns the book of a credential, kept in dir. credential returns a [Credential]; it is asked at
// each use, and not before.
func New(dir string, l Limits, credential func(context.Context) (string, error)) *Limiter {
	return &Limiter{dir: dir, limits: l, credential: credential}
}

// Credential is the name of a credential in the book: a hash of it with the place where it counts.
func Credential(place, kind, secret string) string {
	d := marketops.DigestOf([]byte("marketops/pace/v1\x00" + place + "\x00" + kind + "\x00" + secret))
	return hex.EncodeToString(d[:16])
}

// Write books one write to be sent now, or says how long to wait before asking again, and why.
func (b *Limiter) Write(ctx context.Context, now time.Time) (time.Duration, string, error) {
	return b.look(ctx, now, true)
}

// Ask is [Book.Write] without booking. It finds out as well whether a booking could be kept.
func (b *Limiter) Ask(ctx context.Context, now time.Time) (time.Duration, string, error) {
	return b.look(ctx, now, false)
}

// Rest says how much longer GitHub wants nothing at all from the credential.
func (b *Limiter) Rest(ctx context.Context, now time.Time) (time.Duration, string, error) {
	file, err := b.file(ctx)
	if err != nil {
		return 0, "", err
	}
	p, err := read(file, now)
	if err != nil {
		return 0, "", err
	}
	if p.odd { // or its rest would begin again at each look
		err = b.turn(ctx, now, func(*page) {})
	}
	d, why := p.rest(now)
	return d, why, err
}

// Limited remembers that GitHub wants nothing from the credential until a time.
func (b *Limiter) Limited(ctx context.Context, now, until time.Time) error {
	return b.turn(ctx, now, func(p *page) { p.RestUntil = max(p.RestUntil, until.UnixMilli()) })
}

func (b *Limiter) look(ctx context.Context, now time.Time, book bool) (d time.Duration, why string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	err = b.turn(ctx, now, func(p *page) {
		if d, why = p.rest(now); d > 0 {
			return
		}
		why = "pacing the writes"
		if d = max(b.limits.wait(times(p.Written), now), b.limits.wait(b.own, now)); d == 0 && book {
			p.Written = append(p.Written, now.UnixMilli())
		}
	})
	if err == nil && book && d == 0 {
		b.own = append(b.own, now)
		b.own = b.own[max(0, len(b.own)-b.limits.PerHour):]
	}
	return d, why, err
}

// turn changes the page under the lock.
func (b *Limiter) turn(ctx context.Context, now time.Time, change func(*page)) error {
	file, err := b.file(ctx)
	if err != nil {
		return err
	}
	release, err := b.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	p, err := read(file, now)
	if err != nil {
		return err
	}
	change(p)
	if p.fresh {
		b.sweep(now)
	}
	return p.write(file, now, b.limits.PerHour)
}

func (b *Limiter) file(ctx context.Context) (string, error) {
	who, err := b.credential(ctx)
	if err == nil && who == "" {
		err = errors.New("pace: a credential without a name")
	}
	return filepath.Join(b.dir, who+".json"), err
}

func (b *Limiter) lock(ctx context.Context) (release func(), err error) {
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(b.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for {
		if err = durable.Lock(f); err == nil {
			return func() { durable.Unlock(f) }, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err(), f.Close())
		case <-time.After(lockPause):
		}
	}
}
