package ratelimit

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
)

const (
	schema  = "marketops.pace/v1"
	maxFile = 64 << 10         // bytes
	unknown = time.Minute      // how long nothing is sent after a file that cannot be understood
	maxIdle = 24 * time.Hour   // after which a file is removed
	maxKept = 10_000           // files that are looked at then
	window  = 60 * time.Minute // nothing older matters
)

// history is the file of one credential.
type history struct {
	Schema    string  `json:"schema"`
	Written   []int64 `json:"written"`    // in order
	RestUntil int64   `json:"rest_until"` // 0: GitHub has not asked for any

	isNew      bool // there was no file
	unreadable bool // there was one that cannot be understood
}

// read returns the history as it counts now.
func read(file string, now time.Time) (*history, error) {
	h := &history{Schema: schema}
	data, err := readBounded(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		h.isNew = true
	case err != nil:
		return nil, err
	case json.Unmarshal(data, h, json.RejectUnknownMembers(true)) != nil || h.Schema != schema:
		h = &history{Schema: schema, RestUntil: now.Add(unknown).UnixMilli(), unreadable: true}
	}
	h.normalize(now)
	return h, nil
}

// readBounded reads a regular file, and nothing of one that is too long.
func readBounded(file string) ([]byte, error) {
	f, _, err := regular.OpenPath(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if len(data) > maxFile {
		data = nil // it cannot be understood
	}
	return data, err
}

// normalize leaves what counts: nothing is in the future, whatever the clock did.
func (h *history) normalize(now time.Time) {
	at, oldest := now.UnixMilli(), now.Add(-window).UnixMilli()
	h.Written = slices.DeleteFunc(h.Written, func(t int64) bool { return t <= oldest })
	for i := range h.Written {
		h.Written[i] = min(h.Written[i], at)
	}
	slices.Sort(h.Written)
	h.RestUntil = min(h.RestUntil, now.Add(Longest).UnixMilli())
}

// backOff says how much longer GitHub wants nothing.
func (h *history) backOff(now time.Time) (time.Duration, string) {
	until := time.UnixMilli(h.RestUntil)
	if !until.After(now) {
		return 0, ""
	}
	return until.Sub(now), "GitHub's rate limit, which this or another run of the same credential met, ends at " + until.UTC().Format(time.TimeOnly) + " UTC"
}

// save writes the file, with as many entries as an hour allows.
func (h *history) save(file string, now time.Time, most int) error {
	h.normalize(now)
	h.Written = h.Written[max(0, len(h.Written)-most):]
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return durable.Write(file, data)
}

// removeOld removes the files that are not used any more; credentials come and go.
func (l *Limiter) removeOld(now time.Time) {
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return
	}
	defer root.Close()
	files, _ := regular.Entries(root, ".", maxKept)
	for _, f := range files {
		if info, err := f.Info(); err == nil && f.Name() != lockName && now.Sub(info.ModTime()) > maxIdle {
			root.Remove(f.Name())
		}
	}
}

func times(written []int64) (out []time.Time) {
	for _, t := range written {
		out = append(out, time.UnixMilli(t))
	}
	return out
}

// wait says how long the next write must wait after those that were written, in order.
func (l Limits) wait(written []time.Time, now time.Time) (d time.Duration) {
	for _, w := range []struct {
		most int
		in   time.Duration
	}{{l.PerSecond, time.Second}, {l.PerMinute, time.Minute}, {l.PerHour, time.Hour}} {
		if w.most <= 0 {
			return window
		}
		if len(written) >= w.most {
			d = max(d, w.in-now.Sub(written[len(written)-w.most]))
		}
	}
	return d
}
