package receipt

import (
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
)

var (
	errDigest = errors.New("a digest is missing")
	errWindow = errors.New("the window has no beginning, or ends before it")
)

func digests(required ...marketops.Digest) error {
	for _, d := range required {
		if d.IsZero() {
			return errDigest
		}
	}
	return nil
}

func operations(refs []OperationRef) error {
	if len(refs) == 0 || len(refs) > marketops.MaxOperations {
		return fmt.Errorf("%d operations", len(refs))
	}
	for i, ref := range refs {
		if err := errors.Join(ref.validate()); err != nil {
			return err
		}
		if slices.ContainsFunc(refs[:i], func(other OperationRef) bool { return other.Operation == ref.Operation }) {
			return fmt.Errorf("operation %s is there twice", ref.Operation)
		}
	}
	return nil
}

func (r OperationRef) validate() error {
	return errors.Join(digests(r.Operation), knownKind(r.Kind), r.Target.Validate())
}

func knownKind(k marketops.Kind) error {
	if EffectNames(k) == nil {
		return fmt.Errorf("kind %.40q is not known", k)
	}
	return nil
}

func oneOf[T ~string](what string, got T, allowed ...T) error {
	if slices.Contains(allowed, got) {
		return nil
	}
	return fmt.Errorf("%s is %.40q, want one of %q", what, got, allowed)
}

// Bounds of lists, so that no record grows without need.
const (
	maxChecks    = 64
	maxCode      = 64 // bytes
	maxGitHubIDs = 64
)

func codesOf(checks []CheckResult) (out []marketops.Code) {
	for _, c := range checks {
		out = append(out, c.Code)
	}
	return out
}

// codes demands that each is there and short; whether it is in the table is for those who act on it.
func codes(all ...marketops.Code) error {
	for _, c := range all {
		if c == "" || len(c) > maxCode {
			return fmt.Errorf("a code of %d bytes", len(c))
		}
	}
	return nil
}

func keyIDs(ids ...crypto.KeyID) error {
	for _, id := range ids {
		if !id.Valid() {
			return fmt.Errorf("%.60q is no key id", id)
		}
	}
	return nil
}

func position(p log.Position) error {
	if p.Index >= log.MaxSize {
		return fmt.Errorf("index %d is above what a log can hold", p.Index)
	}
	return log.CheckOrigin(p.Origin)
}

func (s *Submission) validate() error {
	return errors.Join(operations(s.Operations), marketops.ValidateID("person id", s.Requester), digests(s.Plan, s.Findings, s.NotShipped))
}

func (a *Approval) validate() error {
	if a.NotBefore <= 0 || a.ExpiresAt <= a.NotBefore {
		return errWindow
	}
	return errors.Join(oneOf("verdict", a.Verdict, Approve, Reject), operations(a.Operations),
		marketops.ValidateID("person id", a.Requester), marketops.ValidateLine("reason", a.Reason), digests(a.Submission, a.Plan, a.Policy))
}

func (r *Receipt) validate() error {
	if r.NotBefore <= 0 || r.ExpiresAt <= r.NotBefore {
		return errWindow
	}
	if len(r.Audience) == 0 {
		return errors.New("the audience is empty")
	}
	return errors.Join(r.Ref().validate(), r.Trust.validate(), keyIDs(r.Audience...), digests(r.Plan, r.Policy, r.Submission), digests(r.Approvals...))
}

func (t TrustRef) validate() error {
	if t.Version < 1 {
		return fmt.Errorf("version %d of a trust file", t.Version)
	}
	return digests(t.Digest)
}

func (a *Advisory) validate() error {
	if a.Enforceable {
		return errors.New("an advisory cannot be enforceable")
	}
	if len(a.Codes) > maxChecks {
		return fmt.Errorf("%d codes", len(a.Codes))
	}
	return errors.Join(OperationRef{a.Operation, a.OperationKind, a.Target}.validate(), digests(a.Plan), codes(a.Codes...), oneOf("decision", a.Decision, BlockedByMode, Denied),
		oneOf("mode", a.Mode, marketops.DryRun, marketops.Prod))
}

func (c *Claim) validate() error {
	if c.Epoch < 1 || (c.Epoch == 1) != (c.Previous == nil) {
		return errors.New("epoch 1, and only epoch 1, has no previous claim")
	}
	if c.Previous != nil && c.Previous.IsZero() {
		return errDigest
	}
	return errors.Join(keyIDs(c.Publisher), digests(c.Receipt, c.Operation))
}

func (i *Intent) validate() error {
	if i.Epoch < 1 {
		return errors.New("epochs count from 1")
	}
	return digests(i.Claim, i.Receipt, i.Operation)
}

func (r *Refusal) validate() error {
	if err := codes(append([]marketops.Code{r.Code}, codesOf(r.Checks)...)...); err != nil {
		return err
	}
	if r.OperationKind != "" && knownKind(r.OperationKind) != nil || r.RunID != "" && !marketops.RunID(r.RunID).Valid() ||
		r.ReceiptID != "" && !marketops.ReceiptID(r.ReceiptID).Valid() {
		return errors.New("an id or kind is neither valid nor empty")
	}
	if len(r.Checks) > maxChecks {
		return fmt.Errorf("%d checks", len(r.Checks))
	}
	for _, c := range r.Checks {
		if err := oneOf("status", c.Status, marketops.Pass, marketops.Fail, marketops.NotRun); err != nil {
			return err
		}
	}
	return digests(r.Request)
}

func (r *Resolution) validate() error {
	return errors.Join(position(r.Position), digests(r.Operation, r.Outcome, r.Reason), oneOf("verdict", r.Verdict, Success, Failed))
}

func (r *Revocation) validate() error {
	return errors.Join(digests(r.Operation, r.Receipt, r.Reason), marketops.ValidateID("person id", r.By))
}

func (r *RunClosed) validate() error {
	for i, c := range r.Counts {
		if c.Count < 1 || i > 0 && r.Counts[i-1].Name >= c.Name {
			return fmt.Errorf("the count of %.40q is below 1, there twice or out of order", c.Name)
		}
	}
	if r.Previous != nil && r.Previous.IsZero() {
		return errDigest
	}
	return errors.Join(digests(r.Plan), digests(r.Records...))
}

func (t *TrustAdopted) validate() error {
	if t.Effective <= 0 || t.Previous == t.Trust.Digest {
		return errors.New("a trust file takes effect at a time and does not follow itself")
	}
	return t.Trust.validate()
}

func (r *Request) validate() error {
	if r.ExpiresAt <= r.IssuedAt || r.ExpiresAt-r.IssuedAt > MaxRequestAge {
		return fmt.Errorf("a request lives 1 to %d seconds", MaxRequestAge)
	}
	return errors.Join(digests(r.Body), log.CheckOrigin(r.Core))
}

func (a *Answer) validate() error {
	if a.Status < 200 || a.Status > 599 {
		return fmt.Errorf("%d is no status of an answer", a.Status)
	}
	return digests(a.Request, a.Body)
}
