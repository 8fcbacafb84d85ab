package claims_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log/claims"
)

const start = marketops.Time(1_800_000_000)

var ctx = context.Background()

// ask asks for the one receipt that all clients want.
func ask(owner crypto.KeyID) claims.NewClaim {
	n := claims.NewClaim{
		Receipt: marketops.NewReceiptID([16]byte{1}), Run: marketops.NewRunID([16]byte{2}),
		OpKey: marketops.Digest{3}, OpDigest: marketops.Digest{4}, ReceiptDigest: marketops.Digest{5},
		Kind: marketops.TagRepo, Owner: owner, ExpiresAt: start + 6*3600, Lease: time.Second, Trust: 3,
	}
	n.Guard = pass
	n.Build = func(epoch int64, prev marketops.Digest) (claims.Record, error) {
		r := record(n, claims.KindClaim, epoch, string(owner))
		r.Envelope = append(r.Envelope, prev[:]...)
		return r, nil
	}
	return n
}

func pass(claims.Claim, []claims.Record) error { return nil }

// record makes a record whose leaf and digest depend on all that it says.
func record(n claims.NewClaim, kind string, epoch int64, says string) claims.Record {
	env := fmt.Appendf(nil, "%s|%s|%s|%s|", kind, n.Receipt, n.Run, says)
	env = binary.BigEndian.AppendUint64(env, uint64(epoch))
	leaf := sha256.Sum256(env)
	return claims.Record{Leaf: leaf, Digest: sha256.Sum256(leaf[:]), Kind: kind, Run: n.Run, Receipt: n.Receipt, Epoch: epoch, Envelope: env}
}

// hasty is a clock by which every lease has ended when the next call comes; called by the writer alone.
func hasty(at marketops.Time) func() marketops.Time {
	return func() marketops.Time { at += 2; return at }
}

// perform makes the real call.
func perform(l *claims.Ledger, c call) reply {
	n := ask(c.Owner)
	switch c.Op {
	case "claim":
		g, _, err := l.Claim(ctx, n)
		return reply{OK: err == nil, Epoch: g.Epoch}
	case "takeover":
		g, _, err := l.Takeover(ctx, n)
		return reply{OK: err == nil, Epoch: g.Epoch}
	case "execute":
		_, err := l.Execute(ctx, n.Receipt, c.Epoch, c.Owner, time.Second, pass)
		return reply{OK: err == nil}
	case "attempt":
		a, err := l.Attempt(ctx, n.Receipt, c.Epoch, c.Owner, "tag", pass)
		return reply{OK: err == nil, Attempts: a}
	case "decide":
		_, err := l.Decide(ctx, n.Receipt, c.Epoch, c.Owner, c.Outcome, record(n, claims.KindOutcome, c.Epoch, string(c.Owner)+string(c.Outcome)))
		return reply{OK: err == nil}
	case "close":
		return reply{OK: l.CloseClaim(ctx, n.Receipt, c.Epoch, 1) == nil}
	case "revoke":
		err := l.Revoke(ctx, n, record(n, claims.KindRevocation, 0, string(c.Owner)), func(_ claims.Claim, epoch int64) (claims.Record, error) {
			return record(n, claims.KindOutcome, epoch, "revoked"), nil
		})
		return reply{OK: err == nil}
	}
	g, _, err := l.Get(ctx, n.Receipt)
	return reply{OK: err == nil, Seen: view{g.State, g.Outcome, g.Owner, g.Epoch, g.Attempts}}
}
