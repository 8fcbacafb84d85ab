package core

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/internal/cache"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/receipt"
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

	// OpenLedger takes the claim ledger at a path. The Core closes it.
	OpenLedger func(path string, now func() marketops.Time) (Ledger, error)
	Observer   federation.Observer

	Version string
	Now     func() marketops.Time
	Random  io.Reader
	Free    func(dir string) (uint64, error) // bytes that are free where dir lies
	Log     *slog.Logger
}

func (o Options) check() error {
	for name, missing := range map[string]bool{
		"State": o.State == "", "Checkpoint": o.Checkpoint == nil, "OpenLedger": o.OpenLedger == nil,
		"Now": o.Now == nil, "Random": o.Random == nil, "Free": o.Free == nil, "Log": o.Log == nil,
	} {
		if missing {
			return marketops.Refuse(marketops.ConfigInvalid, "core.Options: "+name+" is required")
		}
	}
	switch {
	case o.Config.Observe == config.ObserveGitHub && o.Observer == nil:
		return marketops.Refuse(marketops.ConfigInvalid, "core.yaml says observe: github, and this Core has nothing to observe it with")
	case o.Config.Observe != config.ObserveGitHub && o.Config.Observe != config.ObserveNone:
		return marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("observe: %q", o.Config.Observe))
	}
	return nil
}

// Core is an open Federation Core with its ledger, log and records. Its calls are those of the use cases.
type Core struct {
	*parts
	submissions
	decisions
	executions
	resolutions
	revocations
	refusals
	reads

	started    marketops.Time
	sweeping   sync.Mutex
	background sync.WaitGroup
	ctx        context.Context // ends when Close begins
	stop       context.CancelFunc
	closing    sync.Once
	closed     error
}

// parts are what the use cases share.
type parts struct {
	mu        sync.RWMutex // held by a backup, and for reading by whatever may change log, claims or records
	opts      Options
	config    config.Core
	log       *slog.Logger
	now       func() marketops.Time
	ledger    Ledger
	issuer    *issue.Issuer
	records   *recorder.Recorder
	documents store // plans and operations
	plans     *plans
	texts     store // evidence
	asked     store // what policy judged before a receipt was issued

	rules      *rules
	runs       runs
	seen       visibility
	conditions conditions
	vetoes     vetoes
	refusals   refusals
	sealQueue  sealQueue
	rates      rates // of refusals that are recorded
	unrecorded rates // of those that are only said in the Core's own log
	usage      usage
	locks      lockStripes
}

// begin waits for a backup to end, and keeps one from beginning until done is called.
func (p *parts) begin() (done func()) {
	p.mu.RLock()
	return p.mu.RUnlock
}

// Open takes the state folder, repairs what a crash left and returns a Core that is ready for
// calls. Errors carry core-already-running, config-invalid, state-missing, trust-missing,
// key-unknown (a key that trust.json does not give its role), trust-rolled-back, and those of
// ledger and log.
func Open(ctx context.Context, o Options) (*Core, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	p := &parts{opts: o, config: o.Config, log: o.Log, now: o.Now,
		documents: store{dir: filepath.Join(o.State, "documents")}, texts: store{dir: filepath.Join(o.State, "evidence")}, asked: store{dir: filepath.Join(o.State, "asked")},
		sealQueue: newSealQueue(),
		usage:     usage{live: map[marketops.ReceiptID]liveReceipt{}}, locks: lockStripes{seed: maphash.MakeSeed()}}
	p.plans = &plans{documents: p.documents}
	p.seen = visibility{p, &cache.Cache[marketops.RunID, knownParties]{}}
	p.rules, p.runs, p.conditions, p.vetoes, p.refusals = &rules{parts: p}, runs{p}, conditions{p}, vetoes{p}, refusals{p}
	c := &Core{parts: p, submissions: submissions{p}, decisions: decisions{p}, executions: executions{p}, resolutions: resolutions{p},
		revocations: revocations{p}, refusals: p.refusals, reads: reads{p, p.seen, executions{p}}, started: o.Now()}
	c.ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.release(ctx))
	}
	c.background.Add(1)
	go c.sweepForever()
	return c, nil
}

func (c *Core) start(ctx context.Context) (err error) {
	if c.issuer, err = issue.New(c.opts.Keys, c.opts.Random, c.now, c.Trust); err != nil {
		return err
	}
	for _, s := range []store{c.documents, c.texts, c.asked} {
		root, err := durable.Folder(s.dir)
		if err != nil {
			return &marketops.Failure{Code: marketops.StateMissing, What: "state folder", Err: err}
		}
		root.Close()
	}
	ledger, err := c.opts.OpenLedger(c.config.Claims, c.now)
	if err != nil {
		return err
	}
	c.ledger = ledger
	latest, err := ledger.Latest(ctx)
	if err != nil {
		return err
	}
	c.issuer.Resume(latest)
	if err := c.rules.reload(ctx); err != nil {
		return err
	}
	if c.records, err = recorder.Open(ctx, c.recorderOptions()); err != nil {
		return err
	}
	return c.recover(ctx)
}

func (c *Core) recorderOptions() recorder.Options {
	return recorder.Options{
		Log: c.config.Log, Records: c.config.Records, Mark: filepath.Join(c.opts.State, "checkpoint.mark"),
		Origin: c.config.Origin, Checkpoint: c.opts.Checkpoint, Outbox: c.ledger,
		Trust: c.Trust, Ended: c.sealQueue.add, Logger: c.log,
	}
}

// recover repairs what a crash left, before the Core takes calls.
func (c *Core) recover(ctx context.Context) error {
	if err := c.records.Compare(ctx); err != nil {
		return err
	}
	if err := c.records.Recover(ctx); err != nil {
		return err
	}
	if err := c.rules.enterForce(ctx); err != nil {
		return err
	}
	if err := (settlements{c.parts}).settle(ctx); err != nil {
		return err
	}
	if err := c.records.Recent(ctx, c.now()-day, c.runs.count); err != nil {
		return err
	}
	unsealed, err := c.ledger.Unsealed(ctx, string(receipt.KindRunClosed))
	if err != nil {
		return err
	}
	for _, run := range unsealed {
		c.sealQueue.later(run)
	}
	seals{c.parts}.sealAll(ctx)
	return nil
}

// closeTimeout is how long the log may take to publish what was appended.
const closeTimeout = 15 * time.Second

// Close stops the background work, publishes what was appended and releases the state folder.
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
	var errs []error
	if c.records != nil {
		errs = append(errs, c.records.Close(ctx))
	}
	if c.ledger != nil {
		errs = append(errs, c.ledger.Close())
	}
	return errors.Join(errs...)
}
