package tessera

import (
	"context"
	"log/slog"

	"k8s.io/klog/v2"
)

// klog is one per process and writes to stderr unless told otherwise.
func init() { klog.SetSlogLogger(slog.New(quiet{})) }

// quiet hands errors to the default slog handler of the moment, and all else at debug level:
// klog's levels say how chatty a line is, not what an operator must see.
type quiet struct {
	with func(slog.Handler) slog.Handler
}

func (q quiet) handler() slog.Handler {
	h := slog.Default().Handler()
	if q.with != nil {
		h = q.with(h)
	}
	return h
}

func level(l slog.Level) slog.Level {
	if l < slog.LevelError {
		return slog.LevelDebug
	}
	return l
}

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return q.handler().Enabled(ctx, level(l))
}

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = level(r.Level)
	return q.handler().Handle(ctx, r)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler {
	return q.then(func(h slog.Handler) slog.Handler { return h.WithAttrs(a) })
}

func (q quiet) WithGroup(name string) slog.Handler {
	return q.then(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (q quiet) then(f func(slog.Handler) slog.Handler) slog.Handler {
	before := q.with
	return quiet{func(h slog.Handler) slog.Handler {
		if before != nil {
			h = before(h)
		}
		return f(h)
	}}
}
