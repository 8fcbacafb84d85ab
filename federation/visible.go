package federation

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// roleOperator is no role of a trust file: no key has it.
const roleOperator trust.Role = "operator"

// Operator is the caller on the Core's own machine, whom the socket's file mode admits.
func Operator() Caller { return Caller{Holder: trust.Holder{Role: roleOperator}} }

// Parties are what the records of a run say about those whose business it is. The zero value is of no run.
type Parties struct {
	Requester  string                 // person id
	Operations []receipt.OperationRef // of the submission
	Votes      []crypto.KeyID         // that signed a verdict
	Audience   []crypto.KeyID         // of the receipts
}

// Sees reports whether a caller may read a run: its records, claims and evidence. See docs/operating.md for the
// table. What belongs to no run is read by those who may read everything: it is asked with no parties.
func Sees(t *trust.Trust, who Caller, run Parties) bool {
	switch who.Role {
	case roleOperator, trust.RoleLedger:
		return true
	case trust.RoleReader:
		return readsAll(who.Holder, run)
	case trust.RolePublisher:
		return slices.Contains(run.Audience, who.Key)
	case trust.RolePerson:
		return who.Name != "" && who.Name == run.Requester || acts(t, who.Holder, run) || hasVoted(t, who.Holder, run)
	}
	return false
}

// readsAll reports whether a reader may read about every target of the run, which is shown whole or not at all.
func readsAll(reader trust.Holder, run Parties) bool {
	if slices.Contains(reader.Targets, "*") {
		return true
	}
	for _, op := range run.Operations {
		if !slices.Contains(reader.Targets, op.Target.ID()) {
			return false
		}
	}
	return len(run.Operations) > 0
}

// acts reports whether the trust file lets a person judge, resolve or revoke an operation of the run.
func acts(t *trust.Trust, person trust.Holder, run Parties) bool {
	return judges(t, person, run) || slices.ContainsFunc(run.Operations, func(op receipt.OperationRef) bool {
		return t.MayResolve(person, op.Kind, op.Target) || t.MayRevoke(person, op.Kind, op.Target)
	})
}

func judges(t *trust.Trust, person trust.Holder, run Parties) bool {
	return slices.ContainsFunc(run.Operations, func(op receipt.OperationRef) bool { return t.MayJudge(person, op.Kind, op.Target) })
}

// hasVoted reports whether a person has judged the run under a version of the trust file that let them. Any listed
// person may reject a run whose submission they can name: that alone opens nothing.
func hasVoted(t *trust.Trust, person trust.Holder, run Parties) bool {
	for _, key := range run.Votes {
		for _, version := range t.Versions() {
			if voter, listed := version.Holder(key); listed && voter.Name == person.Name && judges(version, voter, run) {
				return true
			}
		}
	}
	return false
}

// NotSubmitted is what a person is told of a run that they may not read, and of one that is not there.
func NotSubmitted(id marketops.RunID) error {
	return marketops.Refuse(marketops.StateMissing, "no run "+string(id)+" was submitted here")
}
