package core

import (
	"context"

	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
)

// journal is the recorder, with its entries as they go over the wire.
type journal struct{ *recorder.Recorder }

func (j journal) Record(ctx context.Context, rec *receipt.Record) (api.Entry, error) {
	e, err := j.Recorder.Record(ctx, rec)
	return api.Entry(e), err
}

func (j journal) Append(ctx context.Context, row claims.Record, rec *receipt.Record) (api.Entry, error) {
	e, err := j.Recorder.Append(ctx, row, rec)
	return api.Entry(e), err
}

func (j journal) Entry(row claims.Record) (api.Entry, error) {
	e, err := j.Recorder.Entry(row)
	return api.Entry(e), err
}
