package maintain

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Erased says what was erased.
type Erased struct {
	Kind  string
	Run   marketops.RunID
	Index uint64
	By    string // the person or advisory key whose record it was
}

// Erase forgets a record: its envelope in the record store and the evidence texts that it names. Its leaf and every proof stay as they are; an audit says that it was erased,
// and a verdict that rests on it is indeterminate from then on. reason stays in the ledger's
// history.
//
// Only records of persons and advisories can be erased, and only where nothing will rest on them
// any more: the run is sealed, or it has no receipt and then never gets one. Codes: state-missing
// for a leaf that is not known, record-withheld for one that was erased before, limit-reached for
// one that may not be.
func (s *State) Erase(ctx context.Context, leaf log.Hash, reason string) (*Erased, error) {
	row, found, err := s.ledger.ByLeaf(ctx, leaf)
	switch {
	case err != nil:
		return nil, err
	case !found || row.Index == nil:
		return nil, marketops.Refuse(marketops.StateMissing, "no record in the log has the leaf hash "+leaf.String())
	}
	env, err := log.ReadRecord(files(s.config.Records), leaf)
	if errors.Is(err, marketops.RecordWithheld) {
		return nil, marketops.Refuse(marketops.RecordWithheld, "the record of leaf hash "+leaf.String()+" was erased before")
	}
	if err != nil {
		return nil, err
	}
	rec, err := receipt.Open(env, s.trust.Ring())
	if err != nil {
		return nil, err
	}
	holder, _ := s.trust.Holder(rec.By)
	if holder.Role != trust.RolePerson && holder.Role != trust.RoleAdvisory {
		return nil, marketops.Refuse(marketops.LimitReached, "a "+row.Kind+" cannot be erased: without it single use could not be shown any more")
	}
	if err := s.over(ctx, row.Run); err != nil {
		return nil, err
	}
	files := []string{filepath.Join(s.config.Records, filepath.FromSlash(log.RecordPath(leaf)))}
	for _, d := range rec.Body.Refs().Evidence {
		files = append(files, filepath.Join(s.dir, "evidence", d.Hex()))
	}
	if err := s.ledger.Erased(ctx, leaf, reason); err != nil { // first: what is gone cannot be erased again
		return nil, err
	}
	return &Erased{row.Kind, row.Run, *row.Index, holder.Name}, remove(files...)
}

// over refuses a run whose records are still needed.
func (s *State) over(ctx context.Context, run marketops.RunID) error {
	rows, err := s.ledger.ByRun(ctx, run)
	if err != nil {
		return err
	}
	rows = recorder.InLogOrder(rows)
	issued := slices.ContainsFunc(rows, func(r claims.Record) bool { return r.Kind == string(receipt.KindReceipt) })
	if issued && rows[len(rows)-1].Kind != string(receipt.KindRunClosed) {
		return &marketops.Refusal{Code: marketops.LimitReached, What: "run " + string(run) + " has receipts and is not sealed",
			Next: "let its operations end, or revoke their receipts"}
	}
	return nil
}
