package claims

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Ledger is an open claim ledger. All methods may be called at once from any goroutine, except
// from inside a callback that the ledger itself is running.
type Ledger struct {
	now    func() marketops.Time
	queue  chan *request // unbuffered: a request is either in a transaction or not taken at all
	copies chan copying
	stop   chan struct{}
	gone   chan struct{} // closed when the writer has ended
	once   sync.Once
	err    error // of closing; read after gone

	lock *os.File // held for the whole life of the ledger
	db   *sql.DB
	conn *sql.Conn // touched by the writer goroutine alone
}

// Open opens or makes the ledger at path, private to the user, and holds it exclusively until
// Close. now is the Core's one clock. Every page is checked first, so opening takes time
// proportional to the file.
//
// Codes: core-already-running if another process, or this one, has it open; disk-full;
// ledger-unavailable for anything else, such as a damaged file or one of another version.
func Open(path string, now func() marketops.Time) (*Ledger, error) {
	if now == nil {
		return nil, malformedError("the ledger needs a clock")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, unavailable("no such path", err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	l := &Ledger{now: now, lock: lock, queue: make(chan *request), copies: make(chan copying), stop: make(chan struct{}), gone: make(chan struct{})}
	if err := l.open(path); err != nil {
		l.release()
		return nil, classifyOpen(path, err)
	}
	go l.write()
	return l, nil
}

func (l *Ledger) open(path string) error {
	if err := createPrivate(path); err != nil {
		return err
	}
	// The URI form keeps '?' and '%' in a path from being read as settings.
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String())
	if err != nil {
		return err
	}
	l.db = db
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	if l.conn, err = db.Conn(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *sql.Conn) error{configure, migrate, sound} {
		if err := step(ctx, l.conn); err != nil {
			return err
		}
	}
	return nil
}

// createPrivate makes the file before SQLite does: the WAL file takes over its permissions.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Close waits for the transaction under way, refuses all others with ledger-unavailable and
// gives the file free. Closing again returns the same answer.
func (l *Ledger) Close() error {
	l.once.Do(func() { close(l.stop) })
	<-l.gone
	return l.err
}

func (l *Ledger) release() error {
	var errs []error
	if l.conn != nil {
		errs = append(errs, l.conn.Close())
	}
	if l.db != nil {
		errs = append(errs, l.db.Close())
	}
	return errors.Join(append(errs, durable.Unlock(l.lock))...)
}
