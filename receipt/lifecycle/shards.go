package lifecycle

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// shards judges the first and the last leaf of a log.
type shards struct{ *records }

// seal takes the last leaf of a frozen log. It says what stands below it, and nothing may stand
// above.
func (s shards) seal(e Entry, body *receipt.ShardSealed) {
	if s.frozen != nil {
		return // judged: the same one, or a finding of checkSeal
	}
	same(s.records, Order, e, marketops.OrderViolation, "a seal of the log names every entry below it", fmt.Sprint(body.Shard.Origin, " ", body.Shard.Size), fmt.Sprint(e.Position.Origin, " ", e.Position.Index))
	if s.rules.Quoted != nil {
		if err := s.rules.Quoted(body.Shard); err != nil {
			s.report(Finding{Check: Roots, Subject: e.subject(), Code: marketops.CodeOf(err), Detail: err.Error()})
		}
	}
	s.frozen = body
}

// begin takes the first leaf of a log that continues another.
func (s shards) begin(e Entry, body *receipt.ShardGenesis) {
	same(s.records, Order, e, marketops.OrderViolation, "a log begins where another ended in its first leaf only", uint64(0), e.Position.Index)
	same(s.records, Order, e, marketops.OrderViolation, "a log begins under its own origin", body.Origin, e.Position.Origin)
	s.genesis = body
}

// checkSeal finds an entry above the seal of a frozen log. The seal that a crash appended twice is
// one seal.
func (s shards) checkSeal(e Entry) {
	if body, again := e.Record.Body.(*receipt.ShardSealed); s.frozen != nil && !(again && *body == *s.frozen) {
		s.report(Finding{Check: Order, Subject: e.subject(), Code: marketops.OrderViolation, Detail: article(e.Record.Body.Kind()) + " stands above the seal of the log"})
	}
}

// withheld is checkSeal for a record that was not given.
func (s shards) withheld() {
	if s.frozen != nil {
		s.report(Finding{Check: Order, Subject: "log", Code: marketops.OrderViolation, Detail: "a record that was withheld stands above the seal of the log"})
	}
}
