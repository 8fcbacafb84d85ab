package receipt

import (
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
)

var (
	errDigest = errors.New("a digest is missing")
	errWindow = errors.New("the window ends before it begins")
)

func digests(required ...marketops.Digest) error {
	for _, d := range required {
		if d.IsZero() {
			return errDigest
		}
	}
	return nil
}

func operations(ops []marketops.Digest) error {
	if len(ops) == 0 || len(ops) > marketops.MaxAssets {
		return fmt.Errorf("%d operations", len(ops))
	}
	return digests(ops...)
}

func oneOf[T ~string](what string, got T, allowed ...T) error {
	if slices.Contains(allowed, got) {
		return nil
	}
	return fmt.Errorf("%s is %.40q, want one of %q", what, got, allowed)
}

func (s *Submission) validate() error {
	return errors.Join(s.Header.validate(), operations(s.Operations), marketops.ValidateID("person id", s.Requester), digests(s.Plan, s.Findings, s.NotShipped))
}

func (a *Approval) validate() error {
	if a.ExpiresAt <= a.NotBefore {
		return errWindow
	}
	return errors.Join(a.Header.validate(), oneOf("verdict", a.Verdict, Approve, Reject), operations(a.Operations),
		marketops.ValidateID("person id", a.Requester), marketops.ValidateLine("reason", a.Reason), digests(a.Submission, a.Plan, a.Policy))
}

func (r *Receipt) validate() error {
	if r.ExpiresAt <= r.NotBefore {
		return errWindow
	}
	if len(r.Audience) == 0 {
		return errors.New("the audience is empty")
	}
	return errors.Join(r.Header.validate(), digests(r.Operation, r.Plan, r.Policy, r.Trust.Digest, r.Submission), digests(r.Approvals...))
}

func (a *Advisory) validate() error {
	if a.Enforceable {
		return errors.New("an advisory cannot be enforceable")
	}
	return errors.Join(a.Header.validate(), digests(a.Operation, a.Plan), oneOf("decision", a.Decision, BlockedByMode, Denied))
}

func (c *Claim) validate() error {
	if c.Epoch < 1 || (c.Epoch == 1) != (c.Previous == nil) {
		return errors.New("epoch 1, and only epoch 1, has no previous claim")
	}
	if c.Previous != nil && c.Previous.IsZero() {
		return errDigest
	}
	return errors.Join(c.Header.validate(), digests(c.Receipt, c.Operation))
}

func (i *Intent) validate() error {
	if i.Epoch < 1 {
		return errors.New("epochs count from 1")
	}
	return errors.Join(i.Header.validate(), digests(i.Claim, i.Receipt, i.Operation))
}

func (o *Outcome) validate() error {
	if (o.Intent == nil) != (o.Status == Rejected) {
		return errors.New("every outcome but rejected names its intent")
	}
	if (o.Code == "") != (o.Status == Success) {
		return errors.New("every outcome but success has a code")
	}
	for _, e := range o.Effects {
		if err := oneOf("effect state", e.State, EffectApplied, EffectAbsent, EffectUnknown); err != nil {
			return err
		}
		if o.Status == Failed && e.State == EffectUnknown || o.Status == Success && e.State != EffectApplied || o.Status == Rejected {
			return fmt.Errorf("effect %.40q is %s in an outcome that is %s", e.Name, e.State, o.Status)
		}
	}
	if o.Status == Success && len(o.Effects) == 0 {
		return errors.New("a success names what it changed")
	}
	return errors.Join(o.Header.validate(), digests(o.OperationID, o.Receipt),
		oneOf("status", o.Status, Success, Failed, Rejected, Unknown))
}

func (r *Refusal) validate() error {
	if r.Code == "" {
		return errors.New("a refusal has a code")
	}
	return errors.Join(r.Header.validate(), digests(r.Request))
}

func (r *Resolution) validate() error {
	return errors.Join(r.Header.validate(), digests(r.Outcome, r.Reason), oneOf("verdict", r.Verdict, Success, Failed))
}

func (r *Revocation) validate() error {
	return errors.Join(r.Header.validate(), digests(r.Receipt, r.Reason), marketops.ValidateID("person id", r.By))
}

func (r *RunClosed) validate() error {
	return errors.Join(r.Header.validate(), digests(r.Plan), digests(r.Records...))
}

func (r *Request) validate() error {
	if r.ExpiresAt <= r.IssuedAt || r.ExpiresAt-r.IssuedAt > MaxRequestAge {
		return fmt.Errorf("a request lives 1 to %d seconds", MaxRequestAge)
	}
	return r.Header.validate()
}
