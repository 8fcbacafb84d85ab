package server

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// envelope returns the bytes of a record: those at hand, which the ledger gives until the record
// has an index, else the record store's. Code record-withheld for one that was erased there.
func (c *Core) envelope(row claims.Record) ([]byte, error) {
	if len(row.Envelope) != 0 {
		return row.Envelope, nil
	}
	return log.ReadRecord(c.files.records.FS().(fs.ReadFileFS), row.Leaf)
}

// reopen opens a recorded envelope, and refuses any but the one that was frozen: the record store
// is a folder of files. Keys are not judged again: what is frozen was admitted, and a key that
// left since must not keep it out of the log.
func (c *Core) reopen(f *activeRules, row claims.Record) (*receipt.Record, error) {
	env, err := c.envelope(row)
	if err != nil {
		return nil, err
	}
	rec, err := receipt.Open(env, f.trust.Ring())
	if err != nil {
		return nil, fmt.Errorf("a frozen %s cannot be read: %w", row.Kind, err)
	}
	if rec.LeafHash() != row.Leaf {
		return nil, marketops.Refuse(marketops.LeafMismatch, fmt.Sprintf("another record is kept for leaf hash %x", row.Leaf))
	}
	return rec, nil
}

// entry is an indexed record on the wire, without an envelope if that was erased.
func (c *Core) entry(row claims.Record) (api.Entry, error) {
	env, err := c.envelope(row)
	if errors.Is(err, marketops.RecordWithheld) {
		env, err = nil, nil
	}
	return api.Entry{Name: receipt.Kind(row.Kind), Digest: row.Digest, Leaf: row.Leaf, Position: c.position(*row.Index), Envelope: env}, err
}
