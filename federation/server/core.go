package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/log/tessera"
)

// Reserve is the free space, in bytes, below which no claim is begun: what runs must be able to
// finish.
const Reserve = 64 << 20

// Options say what a Core serves. Every field is required, but Observer where the
// configuration says observe: none.
type Options struct {
	State      string      // folder
	Config     config.Core // with paths as after [config.Core.In]
	Keys       issue.Keys
	Checkpoint crypto.Signer

	// Plan reads a plan, checks that the documents are its own, and returns the digests of its
	// operations in its order.
	Plan     func(plan []byte, documents [][]byte) ([]marketops.Digest, error)
	Observer federation.Observer

	Version string
	Now     func() marketops.Time
	Random  io.Reader
	Free    func(dir string) (uint64, error) // bytes that are free where dir lies
	Log     *slog.Logger
}

func (o Options) check() error {
	switch {
	case o.State == "" || o.Plan == nil || o.Now == nil || o.Random == nil || o.Free == nil || o.Log == nil || o.Checkpoint == nil:
		return marketops.Refuse(marketops.ConfigInvalid, "the Core was started without everything it needs")
	case o.Config.Observe == config.ObserveGitHub && o.Observer == nil:
		return marketops.Refuse(marketops.ConfigInvalid, "core.yaml says observe: github, and this Core has nothing to observe it with")
	case o.Config.Observe != config.ObserveGitHub && o.Config.Observe != config.ObserveNone:
		return marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("observe: %q", o.Config.Observe))
	}
	return nil
}

// Core is an open Federation Core with its ledger, log and records. It serves nothing until
// [Core.Serve] is called or [Core.Handler] is used.
type Core struct {
	opts    Options
	log     *slog.Logger
	now     func() marketops.Time
	started marketops.Time

	ledger *claims.Ledger
	tree   *tessera.Writer
	mint   *issue.Issuer
	files  reader
	texts  store // evidence
	docs   store // plans and operations

	active       atomic.Pointer[activeRules]
	reloadMu    sync.Mutex   // held while force is replaced
	failedStamp string       // stamp of files that could not be taken up; the sweep's own
	backupMu    sync.RWMutex // held by a backup, and for reading by whatever may change log, claims or records
	flights     inflight
	runs        lockStripes
	nonces      nonces
	rates       rates
	load        usage
	memos       cache
	seals       queue

	background sync.WaitGroup
	stop       context.CancelFunc
	life       context.Context // ends when Close begins
	closing    sync.Once
	closed     error
}

// Open takes the state folder, repairs what a crash left and returns a Core that is ready to
// serve. Errors carry core-already-running, config-invalid, state-missing, trust-missing,
// key-unknown (a key that trust.json does not give its role), trust-rolled-back, and those of
// ledger and log.
func Open(ctx context.Context, o Options) (*Core, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c := &Core{opts: o, log: o.Log, now: o.Now, started: o.Now(), docs: store{dir: filepath.Join(o.State, "documents")}, texts: store{dir: filepath.Join(o.State, "evidence")}}
	c.life, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.release(ctx))
	}
	c.background.Add(1)
	go c.sweepForever()
	return c, nil
}

func (c *Core) start(ctx context.Context) (err error) {
	if c.mint, err = issue.New(c.opts.Keys, c.opts.Random, c.now); err != nil {
		return err
	}
	for _, s := range []store{c.docs, c.texts} {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return &marketops.Failure{Code: marketops.StateMissing, What: "state folder", Err: err}
		}
	}
	if c.ledger, err = claims.Open(c.opts.Config.Claims, c.now); err != nil {
		return err
	}
	if err := c.reload(ctx); err != nil {
		return err
	}
	if err := c.continues(ctx); err != nil {
		return err
	}
	if c.tree, err = tessera.Open(ctx, c.logOptions()); err != nil {
		return err
	}
	if c.files, err = openReader(c.opts.Config.Log, c.opts.Config.Records); err != nil {
		return err
	}
	return c.recover(ctx)
}

func (c *Core) logOptions() tessera.Options {
	o := tessera.Default()
	o.Dir, o.RecordsDir, o.Origin, o.Signer = c.opts.Config.Log, c.opts.Config.Records, c.opts.Config.Origin, c.opts.Checkpoint
	o.HighWater, o.Before = filepath.Join(c.opts.State, "checkpoint.mark"), c.before()
	if f := c.active.Load(); f.trust.Log().Witnessed() {
		o.Policy = f.trust.File().LogPolicy
	}
	return o
}

// closeTimeout is how long the log may take to publish what was appended.
const closeTimeout = 15 * time.Second

// Close stops the background work, publishes what was appended and gives the state folder free.
func (c *Core) Close() error {
	c.closing.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		c.closed = c.release(ctx)
	})
	return c.closed
}

func (c *Core) release(ctx context.Context) error {
	c.stop()
	c.background.Wait()
	c.flights.up.Wait() // each has a time limit of its own
	var errs []error
	if c.tree != nil {
		errs = append(errs, c.tree.Close(ctx))
	}
	if c.ledger != nil {
		errs = append(errs, c.ledger.Close())
	}
	c.files.close()
	return errors.Join(errs...)
}

// requireDisk refuses to begin anything while what runs might not find room to finish.
func (c *Core) requireDisk() error {
	free, err := c.opts.Free(c.opts.State)
	if err != nil {
		return &marketops.Failure{Code: marketops.DiskFull, What: "free space cannot be told", Err: err}
	}
	if free < Reserve {
		return marketops.Refuse(marketops.DiskFull, fmt.Sprintf("%d MiB are free, the reserve is %d MiB", free>>20, Reserve>>20))
	}
	return nil
}
