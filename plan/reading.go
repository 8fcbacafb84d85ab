package plan

import (
	"context"
	"io"
	"os"
)

// Reading is how far one file is that is measured for a plan, or copied to be published.
type Reading struct {
	Path       string
	Number, Of int   // among the files of one publication
	At, Size   int64 // bytes
}

type (
	tellKey    struct{}
	readingKey struct{}
)

// WithReading returns a context under which [DryRun] and [Run.Content] tell of each part of a file that they have read. It is
// for people and decides nothing; tell must not block.
func WithReading(ctx context.Context, tell func(Reading)) context.Context {
	return context.WithValue(ctx, tellKey{}, tell)
}

// ofFile is the context for the reading of one file.
func ofFile(ctx context.Context, path string, number, of int) context.Context {
	return context.WithValue(ctx, readingKey{}, Reading{Path: path, Number: number, Of: of})
}

// untilDone stops reading when the context ends: two gigabytes are more than a person waits for.
type untilDone struct {
	ctx  context.Context
	r    io.Reader
	tell func(Reading) // may be nil
	now  Reading
}

func newUntilDone(ctx context.Context, r io.Reader) *untilDone {
	u := &untilDone{ctx: ctx, r: r}
	var known bool
	if u.now, known = ctx.Value(readingKey{}).(Reading); known {
		u.tell, _ = ctx.Value(tellKey{}).(func(Reading))
	}
	if f, ok := r.(*os.File); ok && u.tell != nil {
		if fi, err := f.Stat(); err == nil {
			u.now.Size = fi.Size()
		}
	}
	return u
}

func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := u.r.Read(p)
	if u.tell != nil {
		u.now.At += int64(n)
		u.tell(u.now)
	}
	return n, err
}
