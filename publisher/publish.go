package publisher

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
)

// claimNote is the journal's memory that this run directory won a claim of a receipt.
const claimNote = "claim"

// spending is one epoch of one receipt on its way from S1 to S8.
type spending struct {
	job     *Job
	receipt *receipt.Receipt
	record  *receipt.Record
	claim   api.ClaimState

	claimEntry api.Entry
	intent     api.Entry
	seen       *log.Checkpoint // at S3
}

func (s *spending) fence() api.Fence {
	return api.Fence{Receipt: s.receipt.ReceiptID, Epoch: s.claim.Epoch}
}

// Publish takes one gated operation through S1 to S8. It refuses what did not pass the gate.
// Cancelling ctx stops it before S4; from then on it finishes.
func (p *Publisher) Publish(ctx context.Context, g *Gated) Result {
	if !g.Passed() || g.record == nil {
		return Result{Status: "refused", Err: marketops.Refuse(marketops.ReceiptMissing, "the operation did not pass the gate")}
	}
	res := Result{Number: g.Job.Number, Op: g.Job.Op, Checks: g.Checks}
	s := &spending{job: g.Job, record: g.record, receipt: g.record.Body.(*receipt.Receipt)}
	err := p.prepare(ctx, s)
	if err == nil {
		_, err = p.Core.Execute(ctx, s.fence()) // S4
	}
	if err != nil {
		return p.stopped(ctx, g, s, res, err)
	}
	return p.carryOut(ctx, s, res)
}

// stopped is the end before S4. A claim that the ledger refused is a refusal like the gate's:
// something was claimed, revoked or superseded after the gate had asked.
func (p *Publisher) stopped(ctx context.Context, g *Gated, s *spending, res Result, err error) Result {
	res.Status, res.Err = "not-attempted", err
	late := g.refusedAtClaim(err)
	if late == nil || s.claim.Epoch != 0 {
		return res
	}
	res.Status, res.Checks = "refused", late.Checks
	entry, lost := p.Refuse(ctx, late)
	if lost != nil {
		p.tell(g.Job, "refused", "not yet recorded: "+lost.Error())
	}
	res.Entry = entry
	return res
}

// prepare is S1 to S3. If it fails nothing was sent to GitHub by this epoch.
func (p *Publisher) prepare(ctx context.Context, s *spending) error {
	if err := p.claim(ctx, s); err != nil {
		return err
	}
	if err := s.job.Journal.Record(claimNote, string(s.receipt.ReceiptID)); err != nil {
		return err
	}
	p.tell(s.job, "S2 intent", fmt.Sprintf("epoch %d", s.claim.Epoch))
	if err := p.declare(ctx, s); err != nil {
		return err
	}
	if known := p.Trust.Log(); known.Witnessed() {
		p.tell(s.job, "S3 waiting", "for a checkpoint that "+known.Quorum()+" witnesses cosigned")
	}
	if err := p.awaitIntent(ctx, s); err != nil {
		return err
	}
	p.tell(s.job, "S3 published", fmt.Sprintf("claim and intent are in the log, intent is leaf %d", s.intent.Position.Index))
	return nil
}

// declare is S2: the intent names the claim, so the claim is in the log before it.
func (p *Publisher) declare(ctx context.Context, s *spending) error {
	claim, err := p.openClaim(s)
	if err != nil {
		return err
	}
	head, err := p.head()
	if err != nil {
		return err
	}
	body := &receipt.Intent{Header: head, RunID: s.job.Run, ReceiptID: s.receipt.ReceiptID, Claim: claim.Digest,
		Receipt: s.record.Digest, Operation: s.receipt.Operation, Epoch: s.claim.Epoch}
	rec, err := receipt.Seal(body, p.Signer, receipt.SubjectOf("operation.json", s.receipt.Operation))
	if err != nil {
		return err
	}
	s.intent, err = p.Core.Intent(ctx, rec.Envelope)
	if err == nil && s.intent.Leaf != rec.LeafHash() {
		err = marketops.Refuse(marketops.LeafMismatch, "the Core answered for another intent")
	}
	return err
}

// openClaim opens the ledger's claim record and checks that it is about this epoch of this receipt.
func (p *Publisher) openClaim(s *spending) (*receipt.Record, error) {
	rec, _, err := p.Trust.Open(s.claimEntry.Envelope, p.Now(), &s.claimEntry.Position)
	if err != nil {
		return nil, err
	}
	c, ok := rec.Body.(*receipt.Claim)
	if !ok || c.Receipt != s.record.Digest || c.Operation != s.receipt.Operation || c.Epoch != s.claim.Epoch ||
		c.Publisher != p.Signer.Public().ID() || rec.LeafHash() != s.claimEntry.Leaf {
		return nil, marketops.Refuse(marketops.LeafMismatch, "the ledger's claim record is not about this receipt, epoch and publisher")
	}
	return rec, nil
}

// carryOut is S5 to S8. It no longer stops for an interrupt: the outcome must be known.
func (p *Publisher) carryOut(ctx context.Context, s *spending, res Result) Result {
	p.tell(s.job, "S5 act", "")
	ev, err := p.act(context.WithoutCancel(ctx), s)
	res.URL = ev.URL
	if ev.Note != "" {
		p.tell(s.job, "S6 read", ev.Note)
	}
	body, status := p.judge(s, ev, err)
	res.Status, res.Err = status, err
	if body == nil {
		return res
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	entry, derr := p.decide(after, s, body, ev, err)
	res.Entry = entry
	if derr != nil {
		res.Status, res.Err = "open", errors.Join(derr, err)
	}
	return res
}

// act is S5 and S6 under a lease that is renewed all the while. Losing the lease ends the work.
func (p *Publisher) act(ctx context.Context, s *spending) (Evidence, error) {
	ctx, cancel := context.WithTimeout(ctx, workDeadline)
	defer cancel()
	renew := func(ctx context.Context) (api.Lease, error) {
		return p.Core.Renew(ctx, s.fence())
	}
	stop, err := heartbeat(ctx, cancel, renew)
	if err != nil {
		return Evidence{}, fmt.Errorf("%w: %w", errNoLease, err)
	}
	defer stop()
	deadline, _ := ctx.Deadline()
	return p.Port.Apply(ctx, &Permit{work: &Work{
		Op: s.job.Op, Content: s.job.Content, Deadline: deadline, Earlier: s.claim.Earlier,
		BeforeCall:   func(ctx context.Context) error { _, err := renew(ctx); return err },
		BeforeEffect: func(ctx context.Context, effect string) error { return p.beforeEffect(ctx, s, effect) },
	}}, s.job.Journal)
}

// heartbeat renews the lease well before it ends, and cancels the work when it cannot.
func heartbeat(ctx context.Context, lost context.CancelFunc, renew func(context.Context) (api.Lease, error)) (stop func(), err error) {
	lease, err := renew(ctx)
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		for {
			pause := max(time.Until(lease.Until.Time())/heartbeats, time.Second)
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			if next, err := renew(ctx); err == nil {
				lease = next
			} else if time.Now().After(lease.Until.Time()) || marketops.CodeOf(err) != marketops.CoreUnreachable {
				lost()
				return
			}
		}
	}()
	return func() { close(done) }, nil
}

// beforeEffect is the last look before something becomes visible.
func (p *Publisher) beforeEffect(ctx context.Context, s *spending, effect string) error {
	if now := p.Now(); now+gate.Epsilon >= s.receipt.ExpiresAt {
		return &marketops.Failure{Code: marketops.Expired, What: "the receipt expired before " + effect}
	}
	_, err := p.Core.Attempt(ctx, s.fence())
	return err
}

// errNoLease: this epoch sent nothing, for its lease could not be renewed before it began.
var errNoLease = errors.New("the lease could not be renewed before anything was sent")

// judge turns what the port found into an outcome, or into none: an operation that stopped because
// GitHub or the Core could not be reached stays open. An [*marketops.Unknown] is never a failure,
// whatever failure is its cause.
func (p *Publisher) judge(s *spending, ev Evidence, err error) (*receipt.Outcome, receipt.Status) {
	status := receipt.Unknown
	var failure *marketops.Failure
	var lost *marketops.Unknown
	switch {
	case err == nil && len(ev.Effects) > 0 && !slices.ContainsFunc(ev.Effects, notApplied):
		status = "success"
	case passing(err):
		return nil, "open"
	case !errors.As(err, &lost) && errors.As(err, &failure) && !slices.ContainsFunc(ev.Effects, unknown) && p.short(s, ev):
		status = "failed"
	}
	pos := s.intent.Position
	return &receipt.Outcome{OperationID: s.receipt.Operation, RunID: s.job.Run, ReceiptID: s.receipt.ReceiptID, Receipt: s.record.Digest,
		OperationKind: s.receipt.OperationKind, Epoch: s.claim.Epoch, Intent: &pos, Status: status, Effects: ev.Effects,
		Code: outcomeCode(status, err), RetryCount: ev.Retries, GitHub: ev.GitHub,
		Checkpoint: &receipt.CheckpointRef{Origin: s.seen.Origin, Size: int64(s.seen.Size), Root: s.seen.Root}}, status
}

// short reports whether something that was authorised is known not to be there. Where everything is,
// whatever went wrong besides is no failure of the operation.
func (p *Publisher) short(s *spending, ev Evidence) bool {
	return slices.ContainsFunc(ev.Effects, notApplied) || len(ev.Effects) == 0 && !s.claim.Earlier
}

// passing reports whether an error says nothing about the operation: trying again under the same
// receipt goes on from where it stood, and an outcome would only burn the receipt. An epoch that
// was overtaken has no say any more.
func passing(err error) bool {
	return errors.Is(err, errNoLease) || errors.Is(err, context.Canceled) ||
		slices.ContainsFunc(passingCodes, func(c marketops.Code) bool { return errors.Is(err, c) })
}

var passingCodes = []marketops.Code{
	marketops.GitHubUnreachable, marketops.GitHubRateLimited, marketops.TokenMissing, marketops.DiskFull,
	marketops.CoreUnreachable, marketops.LedgerUnavailable, marketops.LogUnavailable, marketops.OperationInFlight,
}

func notApplied(e receipt.Effect) bool { return e.State != "applied" }
func unknown(e receipt.Effect) bool    { return e.State == "unknown" }

func outcomeCode(status receipt.Status, err error) marketops.Code {
	if status == "success" {
		return ""
	}
	if c := marketops.CodeOf(err); c != "" {
		return c
	}
	return marketops.OutcomeUnknown
}

// decide is S7 and S8: freeze, append, and see it in a published checkpoint.
func (p *Publisher) decide(ctx context.Context, s *spending, body *receipt.Outcome, ev Evidence, cause error) (api.Entry, error) {
	var err error
	if body.Header, err = p.head(); err != nil {
		return api.Entry{}, err
	}
	d := api.Decided{Epoch: s.claim.Epoch}
	body.Error = attach(&d, body.Header, errorText(cause))
	body.Response = attach(&d, body.Header, ev.Answer)
	rec, err := receipt.Seal(body, p.Signer, receipt.SubjectOf("operation.json", s.receipt.Operation))
	if err != nil {
		return api.Entry{}, err
	}
	d.Envelope = rec.Envelope
	if err := p.Outbox.Keep("outcome", d); err != nil {
		return api.Entry{}, err
	}
	entry, err := p.Core.Outcome(ctx, d)
	if err != nil {
		return api.Entry{}, err
	}
	p.tell(s.job, "S7 decided", string(body.Status))
	return entry, p.confirm(ctx, rec, entry)
}

// confirm sees a record of our own in a published checkpoint.
func (p *Publisher) confirm(ctx context.Context, rec *receipt.Record, entry api.Entry) error {
	tree, err := p.Log.Covering(ctx, entry.Position.Index)
	if err != nil {
		return err
	}
	if _, err := view.ProveIn(tree, rec.LeafHash(), entry.Position); err != nil {
		return err
	}
	return p.Outbox.Done(rec.Digest)
}

// attach adds a text to the evidence and returns its salted name, zero for no text.
func attach(d *api.Decided, h receipt.Header, text []byte) marketops.Digest {
	if len(text) == 0 {
		return marketops.Digest{}
	}
	name := h.Salted(text)
	d.Evidence = append(d.Evidence, api.Evidence{Digest: name, Text: text})
	return name
}

func errorText(err error) []byte {
	if err == nil {
		return nil
	}
	return []byte(err.Error())
}
