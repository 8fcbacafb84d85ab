package core

import (
	"context"
	"io/fs"
	"path"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// reads answer what a caller may read. What a caller may not read is answered as what is not there: fs.ErrNotExist.
type reads struct {
	*parts
	visibility
	begun executions
}

// maxPage bounds the envelopes of one page, but for its last one, in bytes. In base64 they fit in an answer.
const maxPage = api.MaxBody/2 - crypto.MaxEnvelope

// Records returns a page of the records of a run that the log holds, in log order; one that was erased comes
// without its envelope.
func (r reads) Records(ctx context.Context, who federation.Caller, id marketops.RunID, p api.Page) (api.RunRecords, error) {
	if err := r.requireRun(ctx, who, id); err != nil {
		return api.RunRecords{}, err
	}
	rows, err := r.ledger.Page(ctx, id, p.From, p.Limit+1)
	if err != nil {
		return api.RunRecords{}, err
	}
	out := api.RunRecords{Run: id, Entries: []api.Entry{}}
	for size := 0; len(rows) > 0 && size < maxPage && len(out.Entries) < p.Limit; rows = rows[1:] {
		e, err := r.records.Entry(rows[0])
		if err != nil {
			return api.RunRecords{}, err
		}
		size += len(e.Envelope)
		out.Entries = append(out.Entries, e)
	}
	out.More = len(rows) > 0
	out.Adopted, err = r.adopted(ctx, p.From, out.Entries)
	return out, err
}

// adopted returns what took the versions of trust.json into force that these entries are judged under. On the first
// page that is also the one active at the run's first record; a later page continues where the one before ended.
func (r reads) adopted(ctx context.Context, from uint64, entries []api.Entry) (out []api.Entry, err error) {
	rows, err := r.ledger.Adoptions(ctx)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	first, last := entries[0].Position.Index, entries[len(entries)-1].Position.Index
	for _, row := range recorder.InLogOrder(rows) {
		switch {
		case from > 0 && *row.Index < from:
			continue
		case from == 0 && *row.Index <= first:
			out = nil // of these the last one
		case *row.Index > last:
			return out, nil
		}
		e, err := r.records.Entry(row)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// ClaimState returns the claim of a receipt, state none for one that was never claimed.
func (r reads) ClaimState(ctx context.Context, who federation.Caller, id marketops.ReceiptID) (api.ClaimState, error) {
	row, found, err := r.ledger.Get(ctx, id)
	if err != nil {
		return api.ClaimState{}, err
	}
	if found {
		if err := r.requireClaim(ctx, who, row); err != nil {
			return api.ClaimState{}, err
		}
		return r.begun.claimState(ctx, row)
	}
	i, err := r.runs.receipt(ctx, id)
	if marketops.CodeOf(err) == marketops.ReceiptMissing {
		return api.ClaimState{}, fs.ErrNotExist
	}
	if err != nil {
		return api.ClaimState{}, err
	}
	if err := r.requireRun(ctx, who, i.body.RunID); err != nil {
		return api.ClaimState{}, err
	}
	out := api.ClaimState{Receipt: id, Run: i.body.RunID, Operation: i.body.Operation, State: api.StateNone}
	if out.Drafts, err = r.ledger.Drafts(ctx, i.body.Operation); err != nil {
		return api.ClaimState{}, err
	}
	out.Earlier, err = r.begun.earlier(ctx, claims.Claim{Receipt: id, Run: i.body.RunID, Kind: i.body.OperationKind, OpDigest: i.body.Operation})
	return out, err
}

// Evidence returns an erasable text.
func (r reads) Evidence(ctx context.Context, who federation.Caller, d marketops.Digest) ([]byte, error) {
	run, err := r.ledger.Brought(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := r.requireRunOr(ctx, who, run); err != nil {
		return nil, err
	}
	return r.texts.read(d, api.MaxEvidence)
}

// ReadRecord reads an envelope from the record store, by its name below that, or a version of trust.json. Those, and
// the records that made one active, are for every caller: they judge records by them.
func (r reads) ReadRecord(ctx context.Context, who federation.Caller, name string) ([]byte, error) {
	if strings.HasPrefix(name, "trust/") {
		return r.records.ReadRecord(name)
	}
	var leaf log.Hash
	if leaf.UnmarshalText([]byte(strings.TrimSuffix(path.Base(name), ".json"))) != nil {
		return nil, fs.ErrNotExist
	}
	row, _, err := r.ledger.ByLeaf(ctx, leaf)
	if err != nil {
		return nil, err
	}
	switch receipt.Kind(row.Kind) {
	case receipt.KindTrustAdopted, receipt.KindShardSealed, receipt.KindShardGenesis:
		return r.records.ReadRecord(name)
	}
	if err := r.requireRunOr(ctx, who, row.Run); err != nil {
		return nil, err
	}
	return r.records.ReadRecord(name)
}

// ReadPublicRecord is ReadRecord without a caller, where core.yaml says so.
func (r reads) ReadPublicRecord(name string) ([]byte, error) {
	if r.config.Listen.Records != config.RecordsPublic {
		return nil, fs.ErrNotExist
	}
	return r.records.ReadRecord(name)
}
