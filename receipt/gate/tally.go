package gate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Vote is one approval and the person who signed it.
type Vote struct {
	Record *receipt.Record
	Body   *receipt.Approval
	Person trust.Holder
}

// OpenVote opens an approval by a person's key that was valid at the given time and position.
func OpenVote(t *trust.Trust, envelope []byte, at marketops.Time, pos *log.Position) (Vote, error) {
	rec, holder, err := t.Open(envelope, at, pos)
	if err != nil {
		return Vote{}, fmt.Errorf("approval: %w", err)
	}
	return voteOf(rec, holder)
}

func voteOf(rec *receipt.Record, holder trust.Holder) (Vote, error) {
	a, ok := rec.Body.(*receipt.Approval)
	if !ok {
		return Vote{}, errors.New("a record that is no approval stands among the approvals")
	}
	return Vote{rec, a, holder}, nil
}

// Tally counts persons, never keys, against the minimum of the trust file.
type Tally struct {
	Kind      marketops.Kind
	Target    marketops.Target
	Requester string
	Minimum   []trust.Rule

	counted  []Vote
	rejected []string
}

// Add takes a vote. A rejection by anybody of a group of the minimum is a veto; an approval
// counts only if counts is true.
func (t *Tally) Add(v Vote, counts bool) {
	if v.Body.Verdict != receipt.Approve {
		if t.Eligible(v.Person) && !slices.Contains(t.rejected, v.Person.Name) {
			t.rejected = append(t.rejected, v.Person.Name)
		}
		return
	}
	if counts {
		t.counted = append(t.counted, v)
	}
}

// veto takes a rejection once more, by what another version of the trust file says of person and minimum.
func (t *Tally) veto(v Vote, law *trust.Trust) {
	again := Tally{Minimum: law.Minimum(t.Kind, t.Target)}
	v.Person, _ = law.Person(v.Person.Name)
	if again.Add(v, false); !slices.Contains(t.rejected, v.Person.Name) {
		t.rejected = append(t.rejected, again.rejected...)
	}
}

// Eligible reports whether a person is of a group of the minimum, so that a rejection is a veto.
func (t *Tally) Eligible(p trust.Holder) bool {
	for _, r := range t.Minimum {
		if slices.Contains(p.Groups, r.Group) {
			return true
		}
	}
	return false
}

// Missing says for each rule of the minimum how many persons of which group are still wanted.
func (t *Tally) Missing() (out []string) {
	if len(t.Minimum) == 0 {
		return []string{fmt.Sprintf("trust.json has no approvals rule for %s on %s, so nothing can be authorised", t.Kind, t.Target.ID())}
	}
	for _, r := range t.Minimum {
		if n := t.countPersons(r.Group); n < r.Threshold {
			out = append(out, fmt.Sprintf("%d more of group %q (%d of %d)", r.Threshold-n, r.Group, n, r.Threshold))
		}
	}
	return out
}

// countPersons counts distinct members of a group, the requester excepted.
func (t *Tally) countPersons(group string) int {
	seen := map[string]bool{}
	for _, v := range t.counted {
		if v.Person.Name != t.Requester && slices.Contains(v.Person.Groups, group) {
			seen[v.Person.Name] = true
		}
	}
	return len(seen)
}

// Approvers returns the distinct persons whose approval counts, in order.
func (t *Tally) Approvers() (out []string) {
	for _, v := range t.counted {
		if v.Person.Name != t.Requester && !slices.Contains(out, v.Person.Name) {
			out = append(out, v.Person.Name)
		}
	}
	slices.Sort(out)
	return out
}

// Checks answers the four codes about approvals, in the gate's order.
func (t *Tally) Checks() marketops.Checks {
	self, twice, seen := "", "", map[string]bool{}
	for _, v := range t.counted {
		if v.Person.Name == t.Requester {
			self = v.Person.Name
		}
		if seen[v.Person.Name] {
			twice = v.Person.Name
		}
		seen[v.Person.Name] = true
	}
	missing := t.Missing()
	return marketops.Checks{
		answer(marketops.ApprovalMissing, len(missing) == 0, fmt.Sprint(missing)),
		answer(marketops.SelfApproval, self == "", self),
		answer(marketops.DuplicatePerson, twice == "", twice),
		answer(marketops.RejectedByApprover, len(t.rejected) == 0, fmt.Sprint(t.rejected)),
	}
}

func answer(code marketops.Code, ok bool, detail string) marketops.Check {
	if ok {
		return marketops.Check{Code: code, Status: marketops.Pass}
	}
	return marketops.Check{Code: code, Status: marketops.Fail, Detail: detail}
}
