package core

import (
	"context"
	"errors"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// issued is one receipt envelope with what it takes to use it.
type issued struct {
	row   claims.Record
	rec   *receipt.Record
	body  *receipt.Receipt
	op    marketops.Operation
	opKey marketops.Digest
	facts *policy.Facts // what policy judged when it was issued; nil if that cannot be read
}

func (i issued) history() issue.ReceiptHistory {
	return issue.ReceiptHistory{Run: i.body.RunID, Receipt: i.body.ReceiptID, Digest: i.rec.Digest, Kind: i.body.OperationKind, Operation: i.body.Operation}
}

// claimBy asks for the receipt in the form of the ledger, under the active trust file.
func (rs runs) claimBy(owner crypto.KeyID, i issued) claims.NewClaim {
	return claims.NewClaim{
		Receipt: i.body.ReceiptID, OpKey: i.opKey, Run: i.body.RunID, Kind: i.body.OperationKind, OpDigest: i.body.Operation,
		ReceiptDigest: i.rec.Digest, Owner: owner, ExpiresAt: i.body.ExpiresAt, Lease: rs.config.Lease,
		Trust: rs.rules.active.Load().trust.Version(),
	}
}

func (rs runs) operation(d marketops.Digest) (*marketops.Operation, error) {
	doc, err := rs.documents.read(d, marketops.MaxOperation)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: "the document of operation " + d.Short() + " cannot be read", Err: err}
	}
	if marketops.DigestOf(doc) != d {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: "the document of operation " + d.Short() + " was changed on disk"}
	}
	return marketops.ParseOperation(doc)
}

// receipt finds a receipt by its id. Code receipt-missing.
func (rs runs) receipt(ctx context.Context, id marketops.ReceiptID) (issued, error) {
	f := rs.rules.active.Load()
	if i, ok := f.receipts.Get(id); ok {
		return i, nil
	}
	rows, err := rs.records.Receipt(ctx, id)
	if err != nil {
		return issued{}, err
	}
	for _, row := range rows {
		if receipt.Kind(row.Kind) == receipt.KindReceipt {
			return rs.openReceipt(f, row)
		}
	}
	return issued{}, marketops.Refuse(marketops.ReceiptMissing, "this Core issued no receipt "+string(id))
}

func (rs runs) openReceipt(f *activeRules, row claims.Record) (issued, error) {
	if i, ok := f.receipts.Get(row.Receipt); ok && i.row.Leaf == row.Leaf {
		return i, nil
	}
	rec, err := rs.records.Reopen(f.trust, row)
	if err != nil {
		return issued{}, err
	}
	body, ok := rec.Body.(*receipt.Receipt)
	if !ok {
		return issued{}, &marketops.Failure{Code: marketops.LedgerUnavailable, What: "a " + string(rec.Body.Kind()) + " is kept as a receipt"}
	}
	op, err := rs.operation(body.Operation)
	if err != nil {
		return issued{}, err
	}
	key, err := op.Key()
	i := issued{row, rec, body, *op, key, rs.askedBefore(body)}
	if err == nil && row.Index != nil {
		f.receipts.Put(row.Receipt, i)
	}
	return i, err
}

// askedName names the file of what policy judged before a receipt was issued.
func askedName(id marketops.ReceiptID) marketops.Digest {
	return marketops.DigestOf([]byte("marketops.asked/v1\n" + id))
}

// askedBefore reads what policy judged before a receipt was issued. What is missing or damaged is nil, and lets nothing begin.
func (rs runs) askedBefore(body *receipt.Receipt) *policy.Facts {
	doc, err := rs.asked.read(askedName(body.ReceiptID), policy.MaxRequest)
	if err != nil {
		return nil
	}
	facts, bundle, err := policy.ParseRequest(doc)
	if err != nil || bundle != body.Policy || facts.Plan != body.Plan || facts.Kind != body.OperationKind || facts.RepositoryID != body.Target.RepositoryID || facts.Host != body.Target.Host {
		return nil
	}
	return &facts
}

// count adds a record of the last day to what the limits are about.
func (rs runs) count(row claims.Record) error {
	switch receipt.Kind(row.Kind) {
	case receipt.KindReceipt:
		i, err := rs.openReceipt(rs.rules.active.Load(), row)
		if errors.Is(err, marketops.KeyUnknown) || errors.Is(err, marketops.RecordWithheld) {
			return nil // its authority is gone, or it was erased: it cannot be used
		}
		if err != nil {
			return err
		}
		rs.usage.addReceipt(i.body)
	}
	return nil
}
