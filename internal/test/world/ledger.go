package world

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// Ledger is the Core's ledger. It can lose the places that records get in the log, as a crash
// between append and index would.
type Ledger struct {
	*claims.Ledger
	lose atomic.Bool
	lost atomic.Uint64
}

var errLost = errors.New("the index of a record was lost")

func (w *World) openLedger(path string, now func() marketops.Time) (core.Ledger, error) {
	l, err := claims.Open(path, now)
	if err != nil {
		return nil, err
	}
	w.Ledger = &Ledger{Ledger: l}
	return w.Ledger, nil
}

// LoseIndex has do append a record whose place is then lost, and returns that place.
func (l *Ledger) LoseIndex(do func() error) (uint64, error) {
	l.lose.Store(true)
	defer l.lose.Store(false)
	if err := do(); !errors.Is(err, errLost) {
		return 0, errors.Join(errors.New("nothing was appended"), err)
	}
	return l.lost.Load(), nil
}

// Indexed implements [recorder.Outbox].
func (l *Ledger) Indexed(ctx context.Context, leaf [32]byte, index uint64) error {
	if l.lose.Load() {
		l.lost.Store(index)
		return errLost
	}
	return l.Ledger.Indexed(ctx, leaf, index)
}

// CloseClaim implements [recorder.Outbox].
func (l *Ledger) CloseClaim(ctx context.Context, id marketops.ReceiptID, epoch int64, index uint64) error {
	if l.lose.Load() {
		l.lost.Store(index)
		return errLost
	}
	return l.Ledger.CloseClaim(ctx, id, epoch, index)
}

func pass(claims.Claim, []claims.Record) error { return nil }

// Freeze freezes a record in the ledger, and stops before it is appended. A verdict ends no claim.
func (w *World) Freeze(rec *receipt.Record) {
	w.Helper()
	ctx, frozen := context.Background(), recorder.Frozen(rec)
	switch frozen.Kind {
	case claims.KindApproval:
		Got(w.Ledger.Vote(ctx, frozen, w.Issuer.LedgerKey(), func(claims.Claim, int64) (claims.Record, error) { return claims.Record{}, nil }))(w)
	case claims.KindIntent:
		Must(w, w.Ledger.Intend(ctx, frozen, pass))
	default:
		Must(w, w.Ledger.Freeze(ctx, frozen))
	}
}

// RecordFile is where the record store keeps a leaf's envelope.
func (w *World) RecordFile(leaf log.Hash) string {
	return filepath.Join(w.Options.Config.Records, filepath.FromSlash(log.RecordPath(leaf)))
}

// Store puts a record into the record store, and stops before it is appended.
func (w *World) Store(rec *receipt.Record) {
	w.Helper()
	path := w.RecordFile(rec.LeafHash())
	Must(w, os.MkdirAll(filepath.Dir(path), 0o700))
	Must(w, os.WriteFile(path, rec.Envelope, 0o600))
}

// claimOf asks the ledger for a receipt as the Core does.
func (r *Run) claimOf(i int, by string) claims.NewClaim {
	r.Helper()
	body, history := r.Receipt(i), r.history(i)
	return claims.NewClaim{
		Receipt: body.ReceiptID, OpKey: Got(r.Ops[i].Key())(r), Run: body.RunID, Kind: body.OperationKind, OpDigest: body.Operation,
		ReceiptDigest: r.Receipts[i].Digest, Owner: r.Keys[by].Public().ID(), ExpiresAt: body.ExpiresAt, Lease: r.Options.Config.Lease,
		Trust: r.Core.Trust().Version(), Guard: pass,
		Build: func(epoch int64, previous marketops.Digest) (claims.Record, error) {
			rec, err := r.Issuer.Claim(history, r.Keys[by].Public().ID(), epoch, previous)
			if err != nil {
				return claims.Record{}, err
			}
			return recorder.Frozen(rec), nil
		},
	}
}

func (r *Run) history(i int) issue.ReceiptHistory {
	body := r.Receipt(i)
	return issue.ReceiptHistory{Run: body.RunID, Receipt: body.ReceiptID, Digest: r.Receipts[i].Digest, Kind: body.OperationKind, Operation: body.Operation}
}

// ClaimUnlogged grants the next epoch as the Core does, and stops before its record is appended.
func (r *Run) ClaimUnlogged(i int, by string) claims.Claim {
	r.Helper()
	ctx := context.Background()
	n := r.claimOf(i, by)
	_, held, err := r.Ledger.Get(ctx, n.Receipt)
	Must(r, err)
	grant := r.Ledger.Claim
	if held {
		grant = r.Ledger.Takeover
	}
	row, _, err := grant(ctx, n)
	Must(r, err)
	return row
}

// DecideUnlogged freezes an outcome in the ledger as the Core does, and stops before it is appended.
func (r *Run) DecideUnlogged(by string, epoch int64, intent log.Position, o claims.Outcome) *receipt.Record {
	r.Helper()
	in := r.OutcomeOf(0, by, epoch, intent, func(out *receipt.Outcome) {
		out.Status = receipt.Status(o)
		switch o {
		case claims.Failed:
			out.Code, out.Effects = marketops.GitHubDenied, r.Effects(0, receipt.EffectAbsent)
		case claims.Unknown:
			out.Code, out.Effects = marketops.OutcomeUnknown, r.Effects(0, receipt.EffectUnknown)
		}
	})
	rec := Got(receipt.Open(in.Envelope, r.Core.Trust().Ring()))(r)
	Got(r.Ledger.Decide(context.Background(), r.Receipt(0).ReceiptID, epoch, r.Keys[by].Public().ID(), o, recorder.Frozen(rec)))(r)
	return rec
}

// DecidedAs executes as pub and decides without appending.
func (r *Run) DecidedAs(o claims.Outcome) *receipt.Record {
	r.Helper()
	_, intent := r.Try(0, "pub")
	return r.DecideUnlogged("pub", 1, intent.Position, o)
}

// WithdrawUnlogged revokes in the ledger, and stops before anything of it is appended.
func (r *Run) WithdrawUnlogged() {
	r.Helper()
	rec, ev, err := r.Issuer.Revocation(r.history(0), "bob", "stop")
	Must(r, err)
	Must(r, os.WriteFile(filepath.Join(r.Dir, "evidence", ev.Digest.Hex()), ev.Text, 0o600))
	n := r.claimOf(0, "authority")
	Must(r, r.Ledger.Revoke(context.Background(), n, recorder.Frozen(rec), func(_ claims.Claim, epoch int64) (claims.Record, error) {
		out, err := r.Issuer.Rejected(r.history(0), epoch, marketops.Revoked)
		if err != nil {
			return claims.Record{}, err
		}
		return recorder.Frozen(out), nil
	}))
}

// VetoUnlogged rejects the run in the ledger as the Core does, which ends the claim of operation 0, and stops
// before anything of it is appended.
func (r *Run) VetoUnlogged(by string) {
	r.Helper()
	vote := r.Vote(by, func(a *receipt.Approval) { a.Verdict = receipt.Reject })
	Got(r.Ledger.Vote(context.Background(), recorder.Frozen(vote), r.Issuer.LedgerKey(), func(_ claims.Claim, epoch int64) (claims.Record, error) {
		out, err := r.Issuer.Rejected(r.history(0), epoch, marketops.RejectedByApprover)
		if err != nil {
			return claims.Record{}, err
		}
		return recorder.Frozen(out), nil
	}))(r)
}

// Resolution is a person's decision about the unknown outcome e of operation 0.
func (r *Run) Resolution(verdict receipt.Status, outcome marketops.Digest, at log.Position, reason string) *receipt.Record {
	r.Helper()
	head := r.Head()
	return Got(receipt.Seal(&receipt.Resolution{Header: head, RunID: r.ID, ReceiptID: r.Receipt(0).ReceiptID, Operation: r.Digests[0], Outcome: outcome, Position: at,
		Verdict: verdict, Reason: head.Salted([]byte(reason))}, r.Keys["bob"]))(r)
}
