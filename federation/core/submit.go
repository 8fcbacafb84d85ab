package core

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// submissions are plans and the verdicts on them.
type submissions struct{ *parts }

// Submit takes a plan. The same plan of the same run again is answered with what is recorded: who
// lost the answer signs anew.
func (s submissions) Submit(ctx context.Context, who *federation.Caller, in api.Submit) (api.Entry, error) {
	defer s.begin()()
	rec, sub, err := openFrom[*receipt.Submission](s.rules, who, in.Envelope)
	if err != nil {
		return api.Entry{}, err
	}
	return s.admitSubmission(ctx, who, rec, sub, in)
}

func (s submissions) admitSubmission(ctx context.Context, who *federation.Caller, rec *receipt.Record, sub *receipt.Submission, in api.Submit) (api.Entry, error) {
	if sub.Requester != who.Name {
		return api.Entry{}, marketops.Refuse(marketops.PlanMismatch, fmt.Sprintf("the submission names %s as requester, %s signed it", sub.Requester, who.Name))
	}
	ops, err := federation.AdmitSubmission(rec, in.Plan, in.Operations, s.now())
	if err != nil {
		return api.Entry{}, err
	}
	for _, op := range ops {
		if err := s.rules.active.Load().trust.CheckHost(op.Target.Host); err != nil {
			return api.Entry{}, err
		}
	}
	if err := admission(s).requireTimely(rec, 0); err != nil {
		return api.Entry{}, err
	}
	if err := checkTexts(sub, in.Evidence, api.MaxEvidence); err != nil {
		return api.Entry{}, err
	}
	defer s.locks.hold(sub.RunID)()
	rows, err := s.records.Run(ctx, sub.RunID)
	if err != nil {
		return api.Entry{}, err
	}
	for _, row := range rows {
		switch {
		case row.Leaf == [32]byte(rec.LeafHash()):
			return s.records.Append(ctx, row, rec)
		case receipt.Kind(row.Kind) == receipt.KindSubmission:
			return s.submitAgain(ctx, row, sub, in.Evidence)
		}
	}
	return s.takeSubmission(ctx, who, rec, in)
}

// submitAgain answers a repeated submission with the first one, and refuses any other.
func (s submissions) submitAgain(ctx context.Context, row claims.Record, sub *receipt.Submission, texts []api.Evidence) (api.Entry, error) {
	first, err := s.records.Reopen(s.rules.active.Load().trust, row)
	if err != nil {
		return api.Entry{}, err
	}
	if !repeats(first.Body.(*receipt.Submission), sub, texts) {
		return api.Entry{}, marketops.Refuse(marketops.RunMismatch, string(sub.RunID)+" was submitted before, with another plan or by another requester; plan again for a new run")
	}
	return s.records.Append(ctx, row, first)
}

// repeats reports whether sub says what is recorded already: only nonce and date may be new, and
// with them the names of its texts.
func repeats(first, sub *receipt.Submission, texts []api.Evidence) bool {
	for _, t := range texts {
		if t.Digest == sub.Findings && first.Header.Salted(t.Text) != first.Findings ||
			t.Digest == sub.NotShipped && first.Header.Salted(t.Text) != first.NotShipped {
			return false
		}
	}
	return first.Requester == sub.Requester && first.Plan == sub.Plan && slices.Equal(first.Operations, sub.Operations)
}

// takeSubmission stores what the submission names before it records it.
func (s submissions) takeSubmission(ctx context.Context, who *federation.Caller, rec *receipt.Record, in api.Submit) (api.Entry, error) {
	limits := s.rules.forDecision().Limits
	if err := limits.AdmitSubmission(len(in.Operations)); err != nil {
		return api.Entry{}, err
	}
	row := counted(rec, federation.ShareOf(who.Holder), sharesOfSubmission(limits)...)
	row.Stored = in.Size()
	if err := errors.Join(s.ledger.RequireShares(ctx, row), s.conditions.requireDisk()); err != nil {
		return api.Entry{}, err
	}
	for _, doc := range append([][]byte{in.Plan}, in.Operations...) {
		if err := s.documents.put(marketops.DigestOf(doc), doc); err != nil {
			return api.Entry{}, err
		}
	}
	if err := s.keep(ctx, row.Run, in.Evidence...); err != nil {
		return api.Entry{}, err
	}
	e, err := s.records.RecordAs(ctx, row, rec)
	if err == nil {
		s.sealQueue.later(row.Run)
	}
	return e, err
}

// Approve takes a verdict, approvals and rejections alike.
func (s submissions) Approve(ctx context.Context, who *federation.Caller, in api.Envelope) (api.Entry, error) {
	defer s.begin()()
	v, err := gate.OpenVote(s.rules.active.Load().trust, in.Envelope, s.now(), nil)
	if err != nil {
		return api.Entry{}, err
	}
	if v.Person.Name != who.Name {
		return api.Entry{}, marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("the verdict is signed by %q, the call by %q", v.Person.Name, who.Name))
	}
	if err := requireTight(v.Record); err != nil {
		return api.Entry{}, err
	}
	return s.admitVote(ctx, v)
}

// admitVote asks no more than what the verdict is judged by: the votes of others can be many.
func (s submissions) admitVote(ctx context.Context, v gate.Vote) (api.Entry, error) {
	defer s.locks.hold(v.Body.RunID)()
	if _, found, err := s.ledger.ByLeaf(ctx, v.Record.LeafHash()); err != nil {
		return api.Entry{}, err
	} else if found {
		return s.recordVote(ctx, v)
	}
	rows, err := s.ledger.ForVote(ctx, v.Body.RunID, federation.ShareOf(v.Person))
	if err != nil {
		return api.Entry{}, err
	}
	r, err := s.runs.open(ctx, v.Body.RunID, rows)
	if err != nil {
		return api.Entry{}, err
	}
	if err := s.rules.forDecision().AdmitVote(r.Run, v); err != nil {
		return api.Entry{}, err
	}
	if err := s.conditions.requireDisk(); err != nil {
		return api.Entry{}, err
	}
	if err := s.records.EnsureIndexed(ctx, r.Digest); err != nil {
		return api.Entry{}, err
	}
	if err := s.requireLawfulVote(ctx, v); err != nil {
		return api.Entry{}, err
	}
	return s.recordVote(ctx, v)
}

// requireLawfulVote holds a verdict to the submission that it names.
func (s submissions) requireLawfulVote(ctx context.Context, v gate.Vote) error {
	rows, err := s.ledger.ForVote(ctx, v.Body.RunID, "")
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(r claims.Record) bool { return receipt.Kind(r.Kind) != receipt.KindSubmission })
	a := admission(s)
	return errors.Join(a.requireTimely(v.Record, 0), a.requireLawful(v.Record, rows))
}

// recordVote freezes a verdict, and with it ends what it stops. All that is frozen of the run goes into the log
// in that order: a claim that the verdict ended was there before it.
func (s submissions) recordVote(ctx context.Context, v gate.Vote) (api.Entry, error) {
	frozen := counted(v.Record, federation.ShareOf(v.Person), sharesOfVote(v.Body.Verdict))
	if _, err := s.ledger.Vote(ctx, frozen, s.issuer.LedgerKey(), s.vetoes.end([]gate.Vote{v})); err != nil {
		return api.Entry{}, err
	}
	if err := s.records.AppendRun(ctx, v.Body.RunID); err != nil {
		return api.Entry{}, err
	}
	return s.records.Append(ctx, frozen, v.Record)
}
