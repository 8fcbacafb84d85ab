// Package tessera writes a transparency log and its record store: the Core's side of package log.
//
// It is the one importer of github.com/transparency-dev/tessera, whose POSIX driver keeps the
// log as C2SP tlog-tiles below a directory. This package adds what the driver leaves open:
//
//   - One writer. [Open] holds a file lock and an entry in a process-wide registry: two POSIX
//     appenders in one process would hand out indices twice and corrupt the log.
//   - No fork. The checkpoint key signs only a tree that extends the last one it signed; see
//     guard. The last signed checkpoint is kept at [Options.HighWater], which belongs outside
//     the set of files that are backed up and restored with the log.
//   - Durable means durable: [Writer.Append] returns after bundle, tiles and tree state are on
//     disk; [Writer.Published] after a signed checkpoint covers the index. Every wait ends.
//   - A new log has a signed checkpoint of size 0 at once.
//   - Witnesses. Where a policy demands a quorum, nothing is published that does not meet it: entries
//     are kept, and the next checkpoint that enough witnesses cosign covers them. Tessera's own client
//     asks them, through a transport that bounds their answers and remembers their troubles.
//
// The record store holds one file for each envelope, named by the leaf hash, written before the
// leaf is appended.
//
// Tessera reports through klog; what is not an error goes to slog at debug level.
package tessera

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	upstream "github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
)

// Limits.
const (
	minCheckpointInterval = 100 * time.Millisecond // the POSIX driver's own floor
	pollInterval          = 5 * time.Millisecond   // between two looks at the published checkpoint
	republishInterval     = 10 * time.Minute       // a quiet log signs its checkpoint again
)

// Options say where a log lies and how it runs. [Default] fills the durations and sizes; a zero
// one is refused, as is every other empty field but Policy and Before.
type Options struct {
	Dir        string // the log's root; created if missing
	RecordsDir string // the record store; created if missing
	HighWater  string // file with the last signed checkpoint; its folder must exist
	Origin     string // a bare host name
	Signer     crypto.Signer

	// Before are the vkeys of this origin whose checkpoints the log may still show, from before its
	// key was replaced. Nothing is signed with them.
	Before []string

	// Policy is a C2SP tlog-policy whose witnesses, each with a URL, must cosign before a
	// checkpoint is published. "" asks nobody, like "quorum none".
	Policy string

	BatchSize          int           // entries that are written together
	BatchAge           time.Duration // the longest an entry waits for its batch
	CheckpointInterval time.Duration // at least 100 ms
	GCInterval         time.Duration // between two deletions of obsolete partial tiles
	PublishTimeout     time.Duration // the longest that Published and Close wait
}

// Default returns the settings for one machine: batches of 256 or 5 ms, a checkpoint every
// 100 ms while the log grows, partial tiles deleted every 5 s, waits of at most 10 s.
func Default() Options {
	return Options{
		BatchSize: 256, BatchAge: 5 * time.Millisecond,
		CheckpointInterval: minCheckpointInterval,
		GCInterval:         5 * time.Second,
		PublishTimeout:     10 * time.Second,
	}
}

func (o Options) check() error {
	switch {
	case o.Dir == "" || o.RecordsDir == "" || o.HighWater == "":
		return errors.New("log, records and high-water paths must be given")
	case inside(o.HighWater, o.Dir):
		return errors.New("the high-water mark must not lie inside the log, with which it would be restored")
	case o.Signer == nil || o.Signer.Public().IsZero():
		return errors.New("a checkpoint key must be given")
	case o.BatchSize < 1 || o.BatchAge <= 0 || o.GCInterval <= 0 || o.PublishTimeout <= 0:
		return errors.New("batch, collection and timeout settings must be positive")
	case o.CheckpointInterval < minCheckpointInterval:
		return fmt.Errorf("checkpoint interval %v, at least %v", o.CheckpointInterval, minCheckpointInterval)
	}
	return log.CheckOrigin(o.Origin)
}

func inside(path, dir string) bool {
	p, err1 := filepath.Abs(path)
	d, err2 := filepath.Abs(dir)
	rel, err3 := filepath.Rel(d, p)
	return errors.Join(err1, err2, err3) != nil || filepath.IsLocal(rel)
}

// Writer is the one writer of a log. Its methods may be called from many goroutines.
type Writer struct {
	opts     Options
	records  *records
	lock     *dirLock
	guard    *guard
	board    *board
	asked    *witnesses // nil where none are
	add      upstream.AddFn
	shutdown func(context.Context) error
	stop     context.CancelFunc // ends Tessera's background tasks
	pending  pending
}

// Open starts the writer of a log, which it creates if there is none. ctx bounds the start only.
// Errors carry [marketops.ConfigInvalid], [marketops.CoreAlreadyRunning] (another writer, in this
// process or another), [marketops.CheckpointUnsigned] (the log or the high-water mark belongs to
// another key or origin), [marketops.LogRolledBack], [marketops.SplitView],
// [marketops.ConsistencyInvalid], [marketops.QuorumUnmet] (the published checkpoint does not meet the
// policy, or there is none, and too few witnesses answer), [marketops.DiskFull] or
// [marketops.LogUnavailable], also for a frozen log.
func Open(ctx context.Context, o Options) (*Writer, error) {
	if err := o.check(); err != nil {
		return nil, marketops.RefuseErr(marketops.ConfigInvalid, "log", err)
	}
	for _, dir := range []string{o.Dir, o.RecordsDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, classify("open the log", err)
		}
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := notFrozen(o.Dir); err != nil {
		lock.release()
		return nil, err
	}
	w, err := open(ctx, o, lock)
	if err != nil {
		lock.release()
		return nil, err
	}
	return w, nil
}

func open(ctx context.Context, o Options, lock *dirLock) (*Writer, error) {
	g, err := newGuard(o)
	if err != nil {
		return nil, err
	}
	settings, policy, asked, err := appendOptions(o, g)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.ConfigInvalid, "log policy", err)
	}
	if err := outdate(filepath.Join(o.Dir, log.CheckpointPath), policy); err != nil {
		return nil, classify("open the log", err)
	}
	driver, err := posix.New(ctx, posix.Config{Path: o.Dir, HTTPClient: asked.client()})
	if err != nil {
		return nil, classify("open the log", err)
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	appender, shutdown, _, err := upstream.NewAppender(life, driver, settings.WithCheckpointSigner(g))
	if err != nil {
		stop()
		return nil, asked.quorum(classify("open the log", errors.Join(g.refusal(), err)))
	}
	w := &Writer{opts: o, records: &records{dir: o.RecordsDir}, lock: lock, guard: g, asked: asked, add: appender.Add, shutdown: shutdown, stop: stop}
	w.board = newBoard(filepath.Join(o.Dir, log.CheckpointPath), g, policy)
	if err := w.board.await(ctx, o.PublishTimeout, func(*log.Checkpoint) bool { return true }); err != nil {
		stop()
		g.close()
		return nil, w.asked.quorum(err)
	}
	return w, nil
}

// appendOptions returns what Tessera must know, the policy that a published checkpoint meets, and
// the witnesses that are asked.
func appendOptions(o Options, g *guard) (*upstream.AppendOptions, *log.Policy, *witnesses, error) {
	s := upstream.NewAppendOptions().
		WithBatching(uint(o.BatchSize), o.BatchAge).
		WithCheckpointInterval(o.CheckpointInterval).
		WithCheckpointRepublishInterval(max(republishInterval, o.CheckpointInterval)).
		WithGarbageCollectionInterval(o.GCInterval).
		WithShutdownTimeout(o.PublishTimeout)
	if o.Policy == "" {
		return s, g.shown, nil, nil
	}
	p, err := log.ParsePolicy(o.Policy)
	if err != nil {
		return nil, nil, nil, err
	}
	if !lists(p, o) {
		return nil, nil, nil, fmt.Errorf("it does not list %s", log.Vkey(o.Origin, o.Signer.Public()))
	}
	asked, err := newWitnesses(p)
	if err != nil {
		return nil, nil, nil, err
	}
	group, err := upstream.NewWitnessGroupFromPolicy([]byte(o.Policy))
	if err != nil {
		return nil, nil, nil, err
	}
	return s.WithWitnesses(group, &upstream.WitnessOptions{Timeout: quorumTimeout}), p, asked, nil
}

func lists(p *log.Policy, o Options) bool {
	for _, l := range p.Logs() {
		if l.Vkey == log.Vkey(o.Origin, o.Signer.Public()) {
			return true
		}
	}
	return false
}

// Close takes no more entries, waits until all that were appended are published, at most the
// publish timeout, and releases the log. If entries are still being written when the time is up,
// the log stays locked until the process ends. A second Close does nothing.
func (w *Writer) Close(ctx context.Context) error {
	if !w.pending.close() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, w.opts.PublishTimeout)
	defer cancel()
	drained := w.pending.waitDrained(ctx)
	refused := w.guard.refusal()
	if refused != nil {
		cancel() // no checkpoint will come
	}
	err := errors.Join(refused, w.shutdown(ctx))
	w.stop()
	w.board.close()
	w.guard.close()
	if !drained {
		return classify("close the log", errors.New("entries are still being written"))
	}
	w.lock.release()
	if err != nil {
		return w.asked.quorum(classify("close the log", err))
	}
	return nil
}
