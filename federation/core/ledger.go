package core

import (
	"context"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
)

// Ledger decides who may use a receipt, once, and keeps records on their way to the log. Package
// log/claims specifies the methods, and implements them on SQLite.
type Ledger interface {
	recorder.Outbox

	// What a publisher does under a claim.
	Check(ctx context.Context, n claims.NewClaim) error
	Claim(ctx context.Context, n claims.NewClaim) (claims.Claim, claims.Record, error)
	Takeover(ctx context.Context, n claims.NewClaim) (claims.Claim, claims.Record, error)
	Intend(ctx context.Context, intent claims.Record, guard claims.Guard) error
	Execute(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, lease time.Duration, guard claims.Guard) (claims.Claim, error)
	Renew(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, lease time.Duration) (claims.Claim, error)
	NoteDraft(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, id int64) error
	StrikeDraft(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, id int64) error
	Drafts(ctx context.Context, operation marketops.Digest) ([]int64, error)
	Attempt(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, effect string, guard claims.Guard) (attempts int, err error)
	Decide(ctx context.Context, receipt marketops.ReceiptID, epoch int64, owner crypto.KeyID, outcome claims.Outcome, record claims.Record) (claims.Claim, error)

	// What one caller may add.
	RequireShares(ctx context.Context, r claims.Record) error
	ForVote(ctx context.Context, run marketops.RunID, who string) ([]claims.Record, error)

	// What persons and the Core itself decide.
	Vote(ctx context.Context, vote claims.Record, by crypto.KeyID, end claims.End) ([]claims.Claim, error)
	Revoke(ctx context.Context, n claims.NewClaim, revocation claims.Record, decide func(c claims.Claim, epoch int64) (claims.Record, error)) error
	Resolve(ctx context.Context, receipt marketops.ReceiptID, outcome claims.Outcome, resolution claims.Record) error
	Settle(ctx context.Context, receipt marketops.ReceiptID, by crypto.KeyID, orphaned bool, decide func(c claims.Claim, epoch int64, o claims.Outcome) (claims.Record, error)) (claims.Claim, error)
	SeeTrust(ctx context.Context, version int64) error
	Adoptions(ctx context.Context) ([]claims.Record, error)
	LatestReceipt(ctx context.Context) (marketops.Time, error)
	Latest(ctx context.Context) (marketops.Time, error)

	Get(ctx context.Context, receipt marketops.ReceiptID) (claims.Claim, bool, error)
	History(ctx context.Context, receipt marketops.ReceiptID) ([]claims.Transition, error)
	Live(ctx context.Context) ([]claims.Claim, error)
	Claims(ctx context.Context, run marketops.RunID, operation marketops.Digest) ([]claims.Claim, error)
	Unsealed(ctx context.Context, seal string) ([]marketops.RunID, error)
	Marks(ctx context.Context) (clock marketops.Time, trust int64, err error)

	// Reads: a page of a run, whose business it is, and which run a text belongs to.
	Page(ctx context.Context, run marketops.RunID, from uint64, limit int) ([]claims.Record, error)
	Parties(ctx context.Context, run marketops.RunID, seq int64) (rows []claims.Record, newest int64, err error)
	Bring(ctx context.Context, run marketops.RunID, evidence ...marketops.Digest) error
	Brought(ctx context.Context, evidence marketops.Digest) (marketops.RunID, error)

	Copy(ctx context.Context, path string) error
	Close() error
}
