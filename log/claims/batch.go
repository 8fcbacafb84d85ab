package claims

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/omega/marketops"
)

// maxBatch bounds how many requests share one COMMIT, and with it how long the first waits.
const maxBatch = 256

var errClosed = errors.New("the ledger is closed")

// request is one call on its way through the writer.
type request struct {
	run  func(*tx) error
	done chan error // buffered, so that the writer never waits for a caller
}

// do runs one request in the writer's next transaction and returns what it made once that is
// committed. ctx bounds the wait for the transaction to begin; from then on the answer is
// awaited, since it says who holds a receipt.
func do[T any](ctx context.Context, l *Ledger, run func(*tx) (T, error)) (T, error) {
	var out, zero T
	r := &request{done: make(chan error, 1), run: func(t *tx) (err error) { out, err = run(t); return err }}
	if err := ctx.Err(); err != nil {
		return zero, unavailable("given up before it began", err)
	}
	select {
	case l.queue <- r:
	case <-ctx.Done():
		return zero, unavailable("given up before it began", ctx.Err())
	case <-l.gone:
		return zero, unavailable("nothing was done", errClosed)
	}
	if err := <-r.done; err != nil {
		return zero, err
	}
	return out, nil
}

// writer is the state of the one goroutine that touches the database.
type writer struct {
	conn   *sql.Conn
	now    func() marketops.Time
	stmts  map[string]*sql.Stmt // by text; the texts are constants of this package
	broken error                // set once, after an error that only opening again can cure
}

func (l *Ledger) write() {
	w := &writer{conn: l.conn, now: l.now, stmts: map[string]*sql.Stmt{}}
	defer close(l.gone)
	defer func() { l.err = errors.Join(w.finish(), l.release()) }()
	for {
		select {
		case <-l.stop:
			return
		case c := <-l.copies:
			c.done <- w.copy(c.path)
		case r := <-l.queue:
			w.serve(l.gather(r))
		}
	}
}

// finish frees the statements: SQLite keeps a database, and its lock, as long as one lives.
func (w *writer) finish() error {
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// gather adds to first whoever waits already; it waits for nobody, but lets those run who have
// just been answered and may be about to ask again.
func (l *Ledger) gather(first *request) []*request {
	runtime.Gosched()
	batch := []*request{first}
	for len(batch) < maxBatch {
		select {
		case r := <-l.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// serve answers a batch, refusals included, only after COMMIT: a refusal may rest on a claim
// of the same batch.
func (w *writer) serve(batch []*request) {
	answers := make([]error, len(batch))
	if err := w.transact(batch, answers); err != nil {
		for i := range answers {
			answers[i] = classify(err)
		}
	}
	for i, r := range batch {
		r.done <- answers[i]
	}
}

func (w *writer) transact(batch []*request, answers []error) (err error) {
	if w.broken != nil {
		return w.broken
	}
	defer func() {
		if err == nil {
			return
		}
		// Fails where SQLite has rolled back by itself; the next BEGIN tells whether it holds.
		w.exec("ROLLBACK")
		if !curable(err) {
			w.broken = fmt.Errorf("open the ledger again: %w", err)
		}
	}()
	if _, err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i, r := range batch {
		if answers[i], err = w.one(r); err != nil {
			return err
		}
	}
	_, err = w.exec("COMMIT")
	return err
}

// one runs a request inside a savepoint. fault is an error of the database, after which the
// whole batch is void; answer is the request's own.
func (w *writer) one(r *request) (answer, fault error) {
	if _, err := w.exec("SAVEPOINT request"); err != nil {
		return nil, err
	}
	t := &tx{w: w, now: w.now()}
	answer = runGuarded(r.run, t)
	if t.fault != nil {
		return nil, t.fault
	}
	if answer != nil {
		if _, err := w.exec("ROLLBACK TO request"); err != nil {
			return nil, err
		}
	}
	_, err := w.exec("RELEASE request")
	return answer, err
}

// runGuarded turns a panic of a caller's callback into that caller's failure.
func runGuarded(run func(*tx) error, t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = unavailable("a request panicked", fmt.Errorf("%v\n%s", p, debug.Stack()))
		}
	}()
	return run(t)
}
