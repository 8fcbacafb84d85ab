package maintain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/federation/versions"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Frozen says where a frozen log lies and what goes on after it.
type Frozen struct {
	Shard   receipt.CheckpointRef // the whole log, its seal included
	Folder  string                // log/, records/, checkpoint.mark and claims.db of the frozen log
	Next    string                // origin
	Vkey    string                // of the log that continues it
	Unspent int                   // unused receipts, which cannot be used any more
	Trust   string                // path of the proposed trust file
}

// Freeze is what freezing needs from outside of the state folder.
type Freeze struct {
	Next       string           // origin of the log that continues it
	NextKey    crypto.PublicKey // its checkpoint key
	Checkpoint crypto.Signer    // the checkpoint key in use
	Mint       *issue.Issuer
}

// Freeze ends the log and prepares the next one:
//
//  1. its last leaf says what stands below it and which log goes on (shard-sealed), and is published;
//  2. claims.db is copied into the frozen log's folder; the claims go on under the next log, without
//     the frozen log's records, and the next log's first leaf waits there (shard-genesis);
//  3. log and records move to shards/<origin>/ and become read-only;
//  4. a trust file is proposed in which the next log's key begins and this log's ends at its size.
//
// What is spent stays spent, since the claims go on; what is not cannot be claimed any more, since
// its receipt is no record of the next log. Codes: operation-in-flight and log-unavailable while
// something is open, config-invalid for an origin that is no other one, and those of the log.
// Interrupted, it goes on where it stood.
func (s *State) Freeze(ctx context.Context, f Freeze) (*Frozen, error) {
	if err := log.CheckOrigin(f.Next); err != nil || f.Next == s.config.Origin {
		return nil, marketops.RefuseErr(marketops.ConfigInvalid, fmt.Sprintf("the next log cannot be called %.80q", f.Next), err)
	}
	out := &Frozen{Folder: filepath.Join(s.dir, "shards", s.config.Origin), Next: f.Next, Vkey: log.Vkey(f.Next, f.NextKey)}
	begun, err := s.begun(ctx)
	if err != nil {
		return nil, err
	}
	if begun == nil {
		if begun, err = s.end(ctx, f, out); err != nil {
			return nil, err
		}
	}
	if begun.Origin != f.Next || begun.Previous.Origin != s.config.Origin {
		return nil, marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("%s was frozen before, and %s goes on after it", begun.Previous.Origin, begun.Origin))
	}
	out.Shard = begun.Previous
	if err := s.archive(out.Folder); err != nil {
		return nil, err
	}
	out.Trust, err = s.propose(out.Vkey, trust.LogKeyEnd{Vkey: log.Vkey(s.config.Origin, f.Checkpoint.Public()), Size: begun.Previous.Size})
	return out, err
}

// begun returns the first record of the next log if a freeze came so far before.
func (s *State) begun(ctx context.Context) (*receipt.ShardGenesis, error) {
	rows, err := s.ledger.Unindexed(ctx)
	if err != nil || len(rows) != 1 || rows[0].Kind != string(receipt.KindShardGenesis) {
		return nil, err
	}
	rec, err := receipt.Open(rows[0].Envelope, s.trust.Ring())
	if err != nil {
		return nil, err
	}
	return rec.Body.(*receipt.ShardGenesis), nil
}

// end seals the log and lets the claims go on under the next one.
func (s *State) end(ctx context.Context, f Freeze, out *Frozen) (*receipt.ShardGenesis, error) {
	sealed, at, err := s.seal(ctx, f)
	if err != nil {
		return nil, err
	}
	if out.Unspent, err = s.ledger.Unspent(ctx); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(out.Folder, 0o700); err != nil {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: "folder of the frozen log", Err: err}
	}
	copied := filepath.Join(out.Folder, "claims.db")
	if err := remove(copied); err != nil {
		return nil, err
	}
	if err := s.ledger.Copy(ctx, copied); err != nil {
		return nil, err
	}
	law, err := s.inForce(ctx)
	if err != nil {
		return nil, err
	}
	first, err := f.Mint.Genesis(f.Next, receipt.SeenAt(at), sealed, law)
	if err != nil {
		return nil, err
	}
	row := claims.Record{Leaf: first.LeafHash(), Digest: first.Digest, Kind: string(first.Body.Kind()), Envelope: first.Envelope}
	if err := s.ledger.NextShard(ctx, row, s.config.Origin+" goes on as "+f.Next); err != nil {
		return nil, err
	}
	return first.Body.(*receipt.ShardGenesis), nil
}

// inForce returns the version of trust.json in force in the log.
func (s *State) inForce(ctx context.Context) (receipt.TrustRef, error) {
	rows, err := s.ledger.Adoptions(ctx)
	if err != nil {
		return receipt.TrustRef{}, err
	}
	course, err := versions.Course(s.config.Records, s.trust, rows)
	if err != nil {
		return receipt.TrustRef{}, err
	}
	law, err := course.Law(nil)
	if err != nil {
		return receipt.TrustRef{}, err
	}
	return law.Ref(), nil
}

// seal makes the last leaf and returns its record digest and the checkpoint that it is the end of.
func (s *State) seal(ctx context.Context, f Freeze) (d marketops.Digest, at *log.Checkpoint, err error) {
	r, err := recorder.Open(ctx, recorder.Options{
		Log: s.config.Log, Records: s.config.Records, Mark: s.mark(), Origin: s.config.Origin, Checkpoint: f.Checkpoint,
		Outbox: s.ledger, Trust: func() *trust.Trust { return s.trust }, Ended: func(marketops.RunID) {}, Logger: slog.Default(),
	})
	if err != nil {
		return d, nil, err
	}
	defer func() { err = errors.Join(err, r.Close(context.WithoutCancel(ctx))) }()
	rec, index, err := s.lastLeaf(ctx, f, r)
	if err != nil {
		return d, nil, err
	}
	if at, err = r.Settle(ctx); err == nil && at.Size != index+1 {
		err = marketops.Refuse(marketops.OrderViolation, fmt.Sprintf("%d entries stand above the seal of the log", at.Size-index-1))
	}
	return rec.Digest, at, err
}

// lastLeaf appends the seal, or finds the one that an interrupted freeze has appended.
func (s *State) lastLeaf(ctx context.Context, f Freeze, r *recorder.Recorder) (*receipt.Record, uint64, error) {
	cp, err := r.Settle(ctx)
	if err != nil {
		return nil, 0, err
	}
	if cp.Size > 0 {
		if rec, err := s.recordAt(cp, cp.Size-1); err != nil {
			return nil, 0, err
		} else if rec != nil {
			return rec, cp.Size - 1, s.ledger.Quiet(ctx)
		}
	}
	if err := s.ledger.Quiet(ctx); err != nil {
		return nil, 0, err
	}
	rec, err := f.Mint.Sealed(receipt.SeenAt(cp), f.Next)
	if err != nil {
		return nil, 0, err
	}
	index, err := r.AppendLast(ctx, rec)
	return rec, index, err
}

// recordAt returns the record of an entry if it is a seal of the log, else nil.
func (s *State) recordAt(cp *log.Checkpoint, index uint64) (*receipt.Record, error) {
	tree := log.NewTree(cp, files(s.config.Log))
	h, err := tree.LeafHash(index)
	if err != nil {
		return nil, err
	}
	env, err := log.ReadRecord(files(s.config.Records), h)
	if marketops.CodeOf(err) == marketops.RecordWithheld {
		return nil, nil // erased, and so no seal
	}
	if err != nil {
		return nil, err
	}
	rec, err := receipt.Open(env, s.trust.Ring())
	if err != nil {
		return nil, err
	}
	if _, sealed := rec.Body.(*receipt.ShardSealed); !sealed || rec.LeafHash() != h {
		return nil, nil
	}
	return rec, nil
}

// archive moves the log, its records and its mark out of the way and makes them read-only.
func (s *State) archive(folder string) error {
	to := func(name string) string { return filepath.Join(folder, name) }
	for _, m := range [][2]string{{s.config.Log, to("log")}, {s.config.Records, to("records")}, {s.mark(), to("checkpoint.mark")}} {
		if _, err := os.Lstat(m[1]); err == nil {
			continue // moved before
		}
		if err := os.Rename(m[0], m[1]); err != nil {
			return &marketops.Failure{Code: marketops.LogUnavailable, What: "the frozen log cannot be moved", Err: err}
		}
	}
	if err := errors.Join(durable.SyncDir(folder), durable.SyncDir(s.dir)); err != nil {
		return err
	}
	return recorder.FreezeShard(to("log"), to("records"))
}
