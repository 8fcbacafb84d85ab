package recorder

import (
	"context"
	"log/slog"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/cache"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Outbox is what the recorder needs of the claim ledger: it keeps a record's bytes from before the
// record is appended until its index is noted. Package log/claims specifies the methods.
type Outbox interface {
	Freeze(ctx context.Context, records ...claims.Record) error
	Indexed(ctx context.Context, leaf [32]byte, index uint64) error
	CloseClaim(ctx context.Context, receipt marketops.ReceiptID, epoch int64, index uint64) error
	Unindexed(ctx context.Context) ([]claims.Record, error)
	Newest(ctx context.Context) (uint64, bool, error)
	Compared(ctx context.Context) (uint64, error)
	NoteCompared(ctx context.Context, leaves uint64) error
	ByLeaf(ctx context.Context, leaf [32]byte) (claims.Record, bool, error)
	ByDigest(ctx context.Context, digest marketops.Digest) ([]claims.Record, error)
	ByReceipt(ctx context.Context, receipt marketops.ReceiptID) ([]claims.Record, error)
	ByRun(ctx context.Context, run marketops.RunID) ([]claims.Record, error)
	Waiting(ctx context.Context, run marketops.RunID) ([]claims.Record, error)
}

// Options say where the log lies and whom to believe about it. Every field is required.
type Options struct {
	Log        string // folder
	Records    string // folder
	Mark       string // file of the last checkpoint that was signed
	Origin     string
	Checkpoint crypto.Signer
	Outbox     Outbox
	Trust      func() *trust.Trust       // the active trust file
	Ended      func(run marketops.RunID) // is told of a run in which something ended
	Logger     *slog.Logger
}

// Recorder is an open log with its record store. Its methods may be called from many goroutines.
type Recorder struct {
	ownLog
	outbox   Outbox
	trust    func() *trust.Trust
	inflight inflight
	settled  cache.Cache[marketops.Digest, bool] // digests all of whose records have an index
	intents  cache.Cache[epochOf, uint64]        // the index of the one intent of an epoch
	repeated cache.Cache[log.Hash, uint64]       // the second place of leaves that were appended twice
}

// epochOf names an epoch of a receipt.
type epochOf struct {
	receipt marketops.ReceiptID
	epoch   int64
}

// Open takes the log. Errors are those of package log/tessera, and config-invalid where the ledger
// continues under a log of another origin.
func Open(ctx context.Context, o Options) (*Recorder, error) {
	r := &Recorder{ownLog: ownLog{opts: o}, outbox: o.Outbox, trust: o.Trust}
	if err := r.requireOrigin(ctx); err != nil {
		return nil, err
	}
	if err := r.ownLog.open(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// requireOrigin refuses to begin any log but the one that the ledger continues under: the one before
// is frozen, and a new one under its name would be a fork of it.
func (r *Recorder) requireOrigin(ctx context.Context) error {
	rows, err := r.outbox.Unindexed(ctx)
	if err != nil || len(rows) == 0 || receipt.Kind(rows[0].Kind) != receipt.KindShardGenesis {
		return err
	}
	rec, err := receipt.Open(rows[0].Envelope, r.trust().Ring())
	if err != nil {
		return err
	}
	if next := rec.Body.(*receipt.ShardGenesis).Origin; next != r.opts.Origin {
		return marketops.Refuse(marketops.ConfigInvalid, "the log is frozen; the one that continues it has the origin "+next+", core.yaml another")
	}
	return nil
}

// Close waits for appends under way, each of which has a time limit of its own, and publishes what
// was appended. The outbox stays open.
func (r *Recorder) Close(ctx context.Context) error {
	r.inflight.running.Wait()
	return r.ownLog.close(ctx)
}

// Settle waits until nothing is being appended and all that was is published, and returns that
// checkpoint.
func (r *Recorder) Settle(ctx context.Context) (*log.Checkpoint, error) {
	r.inflight.running.Wait()
	if _, err := r.tree.Settled(ctx); err != nil {
		return nil, err
	}
	t, err := r.publishedTree()
	if err != nil {
		return nil, err
	}
	return t.Checkpoint(), nil
}
