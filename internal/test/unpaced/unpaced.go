// Package unpaced is a pace that waits for nothing, for tests that write to a practice GitHub.
package unpaced

import (
	"context"
	"time"
)

// Book is a publisher/github.Book that never waits and remembers nothing.
type Book struct{}

func (Book) Write(context.Context, time.Time) (time.Duration, string, error) { return 0, "", nil }
func (Book) Ask(context.Context, time.Time) (time.Duration, string, error)   { return 0, "", nil }
func (Book) Rest(context.Context, time.Time) (time.Duration, string, error)  { return 0, "", nil }
func (Book) Limited(context.Context, time.Time, time.Time) error             { return nil }
