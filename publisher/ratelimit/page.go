package ratelimit

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops/internal/durable"
)

const (
	schema  = "marketops.pace/v1"
	maxPage = 64 << 10         // bytes of a file
	unread  = time.Minute      // the rest after a file that cannot be understood
	forget  = 24 * time.Hour   // nobody wrote to the file for so long
	window  = 60 * time.Minute // nothing older matters
)

// page is the file of one credential.
type page struct {
	Schema    string  `json:"schema"`
	Written   []int64 `json:"written"`    // in order
	RestUntil int64   `json:"rest_until"` // 0: GitHub has not asked for any

	fresh bool // there was no file
	odd   bool // there was one that cannot be understood
}

// read returns the page as it counts now.
func read(file string, now time.Time) (*page, error) {
	p := &page{Schema: schema}
	data, err := bounded(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.fresh = true
	case err != nil:
		return nil, err
	case json.Unmarshal(data, p, json.RejectUnknownMembers(true)) != nil || p.Schema != schema:
		p = &page{Schema: schema, RestUntil: now.Add(unread).UnixMilli(), odd: true}
	}
	p.settle(now)
	return p, nil
}

// bounded reads a regular file; of one that is too long, more than any page has.
func bounded(file string) ([]byte, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New(file + " is not a regular file")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPage+1))
	if len(data) > maxPage {
		data = nil // no page: it cannot be understood
	}
	return data, err
}

// settle leaves what counts: nothing stands in the future, whatever the clock did.
func (p *page) settle(now time.Time) {
	at, oldest := now.UnixMilli(), now.Add(-window).UnixMilli()
	p.Written = slices.DeleteFunc(p.Written, func(t int64) bool { return t <= oldest })
	for i := range p.Written {
		p.Written[i] = min(p.Written[i], at)
	}
	slices.Sort(p.Written)
	p.RestUntil = min(p.RestUntil, now.Add(Longest).UnixMilli())
}

func (p *page) rest(now time.Time) (time.Duration, string) {
	until := time.UnixMilli(p.RestUntil)
	if !until.After(now) {
		return 0, ""
	}
	return until.Sub(now), "GitHub's rate limit, which this or another run of the same credential met, ends at " + until.UTC().Format(time.TimeOnly) + " UTC"
}

func (p *page) write(file string, now time.Time, most int) error {
	p.settle(now)
	p.Written = p.Written[max(0, len(p.Written)-most):]
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return durable.Write(file, data)
}

// sweep removes what nobody needs any more; credentials come and go.
func (b *Limiter) sweep(now time.Time) {
	files, _ := filepath.Glob(filepath.Join(b.dir, "*"))
	for _, f := range files {
		if info, err := os.Lstat(f); err == nil && filepath.Base(f) != "lock" && now.Sub(info.ModTime()) > forget {
			os.Remove(f)
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
