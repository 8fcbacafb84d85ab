package server

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// appendTimeout bounds one append, whoever waits for it: once begun it is not given up because
// a caller went away.
const appendTimeout = 30 * time.Second

// frozenForm is what the ledger keeps of a record.
func frozenForm(rec *receipt.Record) claims.Record {
	refs := rec.Body.Refs()
	r := claims.Record{Leaf: rec.LeafHash(), Digest: rec.Digest, Kind: string(rec.Body.Kind()), Epoch: refs.Epoch, Envelope: rec.Envelope}
	if refs.Run.Valid() {
		r.Run = refs.Run
	}
	if refs.Receipt.Valid() {
		r.Receipt = refs.Receipt
	}
	return r
}

// freezeAndAppend records rec, which changes no claim, and returns its place.
func (c *Core) freezeAndAppend(ctx context.Context, rec *receipt.Record) (api.Entry, error) {
	r := frozenForm(rec)
	if err := c.ledger.Freeze(ctx, r); err != nil {
		return api.Entry{}, err
	}
	return c.append(ctx, r, rec)
}

// append brings a frozen record into the log, once, whoever asks at the same time. rec is the
// record opened, or nil where only the ledger has it.
func (c *Core) append(ctx context.Context, r claims.Record, rec *receipt.Record) (api.Entry, error) {
	if r.Index == nil {
		index, err := c.flights.do(ctx, r.Leaf, func(seen bool) (uint64, error) { return c.appendOnce(r, rec, seen) })
		if err != nil {
			return api.Entry{}, err
		}
		r.Index = &index
	}
	c.memos.indexed(r, *r.Index)
	return c.entry(r)
}

func (c *Core) position(index uint64) log.Position {
	return log.Position{Origin: c.opts.Config.Origin, Index: index}
}

// appendOnce is the part that must not run twice at a time for one leaf. seen says that an
// earlier try failed, so that the leaf may be in the log already.
func (c *Core) appendOnce(r claims.Record, rec *receipt.Record, seen bool) (uint64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.life), appendTimeout)
	defer cancel()
	stored, found, err := c.ledger.ByLeaf(ctx, r.Leaf)
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, &marketops.Failure{Code: marketops.LedgerUnavailable, What: "a record was to be appended that is not frozen"}
	}
	if stored.Index != nil {
		return *stored.Index, nil
	}
	if rec == nil {
		if rec, err = c.reopen(c.active.Load(), stored); err != nil {
			return 0, err
		}
	}
	if err := c.tree.Put(rec.Envelope, rec.LeafHash()); err != nil {
		return 0, err
	}
	if seen {
		if index, ok := c.findLeaf(rec.LeafHash()); ok {
			return index, c.indexed(ctx, r, index)
		}
	}
	index, err := c.tree.Append(ctx, rec.Leaf())
	if err != nil {
		return 0, err
	}
	return index, c.indexed(ctx, r, index)
}

// indexed notes a place; that of an outcome closes its claim with it. What may have ended a run
// asks for its seal.
func (c *Core) indexed(ctx context.Context, r claims.Record, index uint64) (err error) {
	switch r.Kind {
	case claims.KindOutcome:
		err = c.ledger.CloseClaim(ctx, r.Receipt, r.Epoch, index)
	case claims.KindRevocation, claims.KindResolution:
		err = c.ledger.Indexed(ctx, r.Leaf, index)
	default:
		return c.ledger.Indexed(ctx, r.Leaf, index)
	}
	if err == nil {
		c.seals.add(r.Run)
	}
	return err
}

// ensureIndexed makes sure that the records of these digests have an index before anything names them.
func (c *Core) ensureIndexed(ctx context.Context, digests ...marketops.Digest) error {
	for _, d := range digests {
		if _, ok := c.memos.settled.get(d); ok {
			continue
		}
		rs, err := c.ledger.ByDigest(ctx, d)
		if err != nil {
			return err
		}
		if len(rs) == 0 {
			return marketops.Refuse(marketops.ReceiptUnlogged, "a record that is named here, "+d.Short()+", is not recorded")
		}
		for _, r := range rs {
			if _, err := c.append(ctx, r, nil); err != nil {
				return err
			}
		}
		c.memos.settled.put(d, true)
	}
	return nil
}

// inflight lets one goroutine append a leaf while all others that want it wait.
type inflight struct {
	up   sync.WaitGroup
	mu   sync.Mutex
	open map[[32]byte]*flight
	seen map[[32]byte]bool // leaves of which an append failed; they may be in the log
}

type flight struct {
	done  chan struct{}
	index uint64
	err   error
}

func (f *inflight) do(ctx context.Context, leaf [32]byte, run func(seen bool) (uint64, error)) (uint64, error) {
	f.mu.Lock()
	if f.open == nil {
		f.open, f.seen = map[[32]byte]*flight{}, map[[32]byte]bool{}
	}
	fl, under := f.open[leaf]
	if !under {
		fl = &flight{done: make(chan struct{})}
		f.open[leaf] = fl
		seen := f.seen[leaf]
		f.up.Go(func() { f.run(leaf, fl, seen, run) })
	}
	f.mu.Unlock()
	select {
	case <-fl.done:
		return fl.index, fl.err
	case <-ctx.Done():
		return 0, &marketops.Failure{Code: marketops.LogUnavailable, What: "given up while the record was appended", Err: context.Cause(ctx), State: "the record is kept and will be in the log"}
	}
}

var errPanicked = errors.New("an append panicked")

func (f *inflight) run(leaf [32]byte, fl *flight, seen bool, run func(bool) (uint64, error)) {
	fl.err = errPanicked
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.open, leaf)
		if fl.err != nil {
			f.seen[leaf] = true
		} else {
			delete(f.seen, leaf)
		}
		close(fl.done)
	}()
	fl.index, fl.err = run(seen)
}

// lockStripes are locks of runs; two runs may share one.
type lockStripes struct {
	seed maphash.Seed
	once sync.Once
	lock [128]sync.RWMutex
}

func (s *lockStripes) of(run marketops.RunID) *sync.RWMutex {
	s.once.Do(func() { s.seed = maphash.MakeSeed() })
	return &s.lock[maphash.String(s.seed, string(run))%uint64(len(s.lock))]
}
