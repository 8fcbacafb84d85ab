package core

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt/gate"
)

func (s submissions) approve(ctx context.Context, who *federation.Caller, in api.Envelope) (api.Entry, error) {
	v, err := gate.OpenVote(s.rules.active.Load().trust, in.Envelope, s.now(), nil)
	if err != nil {
		return api.Entry{}, err
	}
	if v.Person.Name != who.Name {
		return api.Entry{}, marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("the verdict is signed by %q, the call by %q", v.Person.Name, who.Name))
	}
	e, err := s.admitVote(ctx, v)
	if err != nil {
		return api.Entry{}, s.refusals.record(ctx, who, aboutRun(v.Body.RunID), err)
	}
	return e, nil
}

func (s submissions) admitVote(ctx context.Context, v gate.Vote) (api.Entry, error) {
	lock := s.locks.of(v.Body.RunID)
	lock.Lock()
	defer lock.Unlock()
	r, err := s.runs.load(ctx, v.Body.RunID)
	if err != nil {
		return api.Entry{}, err
	}
	for _, row := range r.all {
		if row.Leaf == [32]byte(v.Record.LeafHash()) {
			return s.records.Append(ctx, row, v.Record)
		}
	}
	rules := s.rules.forDecision()
	if err := rules.AdmitVote(r.Run, v); err != nil {
		return api.Entry{}, err
	}
	if err := s.conditions.requireDisk(); err != nil {
		return api.Entry{}, err
	}
	if err := s.records.EnsureIndexed(ctx, r.Digest); err != nil {
		return api.Entry{}, err
	}
	return s.records.Record(ctx, v.Record)
}
