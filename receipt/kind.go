package receipt

import (
	"strings"

	"github.com/omega/marketops"
)

// Body is the predicate of one kind of record.
type Body interface {
	Kind() Kind
	Refs() Refs
	Issued() marketops.Time                 // when the signer says it signed
	Salted(content []byte) marketops.Digest // names an evidence file, see [Header.Salted]
	about() Subject                         // the first subject of its statement
	header() *Header
	validate() error // all but the header
}

// Kind names a kind of record.
type Kind string

// The kinds.
const (
	KindSubmission   Kind = "submission"
	KindApproval     Kind = "approval"
	KindReceipt      Kind = "receipt"
	KindAdvisory     Kind = "advisory"
	KindClaim        Kind = "claim"
	KindIntent       Kind = "intent"
	KindOutcome      Kind = "outcome"
	KindRefusal      Kind = "refusal"
	KindResolution   Kind = "resolution"
	KindRevocation   Kind = "revocation"
	KindRunClosed    Kind = "run-closed"
	KindTrustAdopted Kind = "trust-adopted"
	KindShardSealed  Kind = "shard-sealed"
	KindShardGenesis Kind = "shard-genesis"
	KindRequest      Kind = "request"
	KindAnswer       Kind = "answer"
)

// kinds holds for each kind how an empty predicate is made.
var kinds = map[Kind]func() Body{
	KindSubmission:   func() Body { return new(Submission) },
	KindApproval:     func() Body { return new(Approval) },
	KindReceipt:      func() Body { return new(Receipt) },
	KindAdvisory:     func() Body { return new(Advisory) },
	KindClaim:        func() Body { return new(Claim) },
	KindIntent:       func() Body { return new(Intent) },
	KindOutcome:      func() Body { return new(Outcome) },
	KindRefusal:      func() Body { return new(Refusal) },
	KindResolution:   func() Body { return new(Resolution) },
	KindRevocation:   func() Body { return new(Revocation) },
	KindRunClosed:    func() Body { return new(RunClosed) },
	KindTrustAdopted: func() Body { return new(TrustAdopted) },
	KindShardSealed:  func() Body { return new(ShardSealed) },
	KindShardGenesis: func() Body { return new(ShardGenesis) },
	KindRequest:      func() Body { return new(Request) },
	KindAnswer:       func() Body { return new(Answer) },
}

func (k Kind) predicateType() string { return PredicatePrefix + string(k) + PredicateSuffix }

// newBody returns an empty predicate for a predicate type, or nil for one not known here.
func newBody(predicateType string) Body {
	name, prefixed := strings.CutPrefix(predicateType, PredicatePrefix)
	name, suffixed := strings.CutSuffix(name, PredicateSuffix)
	if empty := kinds[Kind(name)]; prefixed && suffixed && empty != nil {
		return empty()
	}
	return nil
}

// Kind implements [Body].
func (*Submission) Kind() Kind { return KindSubmission }

// Kind implements [Body].
func (*Approval) Kind() Kind { return KindApproval }

// Kind implements [Body].
func (*Receipt) Kind() Kind { return KindReceipt }

// Kind implements [Body].
func (*Advisory) Kind() Kind { return KindAdvisory }

// Kind implements [Body].
func (*Claim) Kind() Kind { return KindClaim }

// Kind implements [Body].
func (*Intent) Kind() Kind { return KindIntent }

// Kind implements [Body].
func (*Outcome) Kind() Kind { return KindOutcome }

// Kind implements [Body].
func (*Refusal) Kind() Kind { return KindRefusal }

// Kind implements [Body].
func (*Resolution) Kind() Kind { return KindResolution }

// Kind implements [Body].
func (*Revocation) Kind() Kind { return KindRevocation }

// Kind implements [Body].
func (*RunClosed) Kind() Kind { return KindRunClosed }

// Kind implements [Body].
func (*TrustAdopted) Kind() Kind { return KindTrustAdopted }

// Kind implements [Body].
func (*ShardSealed) Kind() Kind { return KindShardSealed }

// Kind implements [Body].
func (*ShardGenesis) Kind() Kind { return KindShardGenesis }

// Kind implements [Body].
func (*Request) Kind() Kind { return KindRequest }

// Kind implements [Body].
func (*Answer) Kind() Kind { return KindAnswer }
