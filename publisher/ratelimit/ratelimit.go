// Package ratelimit holds the writes of one credential to what GitHub allows, over all processes of one
// user on one machine.
//
// # What is promised
//
//   - In no second, minute or hour do more writes of a credential go out than [Limits] say, however
//     many processes write. A write is reserved, durably and under a lock, before it is sent. Nothing is
//     reserved ahead: a process that must wait asks again, so that one that dies waiting delays no other.
//   - A limit that GitHub told one process holds back all of them until it ends, [Longest] at most.
//   - The file is named after a hash of the credential and never holds it. A file has at most as
//     many entries as an hour allows; one that is a day old is removed.
//
// # When something is out of order
//
// A crash leaves the file of before or after a reservation. A file that cannot be understood counts as a
// limit of a minute and begins anew. If the machine's clock goes back, what stands in the file's future
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
// The file {dir}/lock is locked for each question and each reservation.
package ratelimit

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
)

// Longest is the longest limit of GitHub that is remembered: a primary limit of GitHub ends within the hour.
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

// Limiter limits the writes of one credential. Its methods may be called from several goroutines. Errors are
// about the file or the lock, or ctx's; nothing is reserved then.
type Limiter struct {
	dir        string
	limits     Limits
	credential func(context.Context) (string, error)

	mu  sync.Mutex
	own []time.Time // what this process wrote, with the readings of the clock that cannot be set
}

// New returns the limiter of a credential, kept in dir. credential returns a [Credential]; it is asked at
// each use, and not before.
func New(dir string, l Limits, credential func(context.Context) (string, error)) *Limiter {
	return &Limiter{dir: dir, limits: l, credential: credential}
}

// Credential is the name of a credential in its limiter: a hash of it with the place where it counts.
func Credential(place, kind, secret string) string {
	d := marketops.DigestOf([]byte("marketops/pace/v1\x00" + place + "\x00" + kind + "\x00" + secret))
	return hex.EncodeToString(d[:16])
}

// Reserve takes the right to one write now, or says how long to wait before asking again, and why.
func (l *Limiter) Reserve(ctx context.Context, now time.Time) (time.Duration, string, error) {
	return l.reserve(ctx, now, true)
}

// Peek is [Limiter.Reserve] without taking anything. It finds out as well whether a reservation could be kept.
func (l *Limiter) Peek(ctx context.Context, now time.Time) (time.Duration, string, error) {
	return l.reserve(ctx, now, false)
}

// Takes says how long n more writes take from now until the last may be sent, if no other process writes
// meanwhile. It reserves nothing and waits for nothing.
func (l *Limiter) Takes(ctx context.Context, now time.Time, n int) (time.Duration, error) {
	file, err := l.file(ctx)
	if err != nil {
		return 0, err
	}
	h, err := read(file, now)
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	rest, _ := h.backOff(now)
	at, written, own := now.Add(rest), times(h.Written), slices.Clone(l.own)
	for range n {
		at = at.Add(max(l.limits.wait(written, at), l.limits.wait(own, at)))
		written, own = append(written, at.Truncate(time.Millisecond)), append(own, at)
	}
	return at.Sub(now), nil
}

// BackOff says how much longer GitHub wants nothing at all from the credential.
func (l *Limiter) BackOff(ctx context.Context, now time.Time) (time.Duration, string, error) {
	file, err := l.file(ctx)
	if err != nil {
		return 0, "", err
	}
	h, err := read(file, now)
	if err != nil {
		return 0, "", err
	}
	if h.unreadable { // or its minute would begin again each time
		err = l.update(ctx, now, func(*history) {})
	}
	d, why := h.backOff(now)
	return d, why, err
}

// SetBackOff remembers that GitHub wants nothing from the credential until a time.
func (l *Limiter) SetBackOff(ctx context.Context, now, until time.Time) error {
	return l.update(ctx, now, func(h *history) { h.RestUntil = max(h.RestUntil, until.UnixMilli()) })
}

func (l *Limiter) reserve(ctx context.Context, now time.Time, take bool) (d time.Duration, why string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err = l.update(ctx, now, func(h *history) {
		if d, why = h.backOff(now); d > 0 {
			return
		}
		why = "pacing the writes"
		if d = max(l.limits.wait(times(h.Written), now), l.limits.wait(l.own, now)); d == 0 && take {
			h.Written = append(h.Written, now.UnixMilli())
		}
	})
	if err == nil && take && d == 0 {
		l.own = append(l.own, now)
		l.own = l.own[max(0, len(l.own)-l.limits.PerHour):]
	}
	return d, why, err
}

// update changes the history under the lock.
func (l *Limiter) update(ctx context.Context, now time.Time, change func(*history)) error {
	file, err := l.file(ctx)
	if err != nil {
		return err
	}
	release, err := l.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	h, err := read(file, now)
	if err != nil {
		return err
	}
	change(h)
	if h.isNew {
		l.removeOld(now)
	}
	return h.save(file, now, l.limits.PerHour)
}

func (l *Limiter) file(ctx context.Context) (string, error) {
	who, err := l.credential(ctx)
	if err == nil && who == "" {
		err = errors.New("pace: a credential without a name")
	}
	return filepath.Join(l.dir, who+".json"), err
}

const lockName = "lock"

func (l *Limiter) lock(ctx context.Context) (release func(), err error) {
	root, err := durable.Folder(l.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, _, err := regular.OpenAs(root, lockName, os.O_RDWR|os.O_CREATE, nil)
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
