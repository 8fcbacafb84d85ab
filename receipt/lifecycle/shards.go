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
	equal(s.records, shardSeal, e.subject(), fmt.Sprint(e.Position.Origin, " ", e.Position.Index), fmt.Sprint(body.Shard.Origin, " ", body.Shard.Size))
	if s.rules.Quoted != nil {
		if err := s.rules.Quoted(body.Shard); err != nil {
			s.report(Finding{Condition: shardRoot, Check: Roots, Subject: e.subject(), Code: marketops.CodeOf(err), Detail: err.Error()})
		}
	}
	s.frozen = body
}

// begin takes the first leaf of a log that continues another.
func (s shards) begin(e Entry, body *receipt.ShardGenesis) {
	equal(s.records, shardBegin, e.subject(), fmt.Sprint(e.Position.Origin, " ", 0), fmt.Sprint(body.Origin, " ", e.Position.Index))
	s.genesis = body
}

// checkSeal finds an entry above the seal of a frozen log. The seal that a crash appended twice is
// one seal.
func (s shards) checkSeal(e Entry) {
	if body, again := e.Record.Body.(*receipt.ShardSealed); s.frozen != nil && !(again && *body == *s.frozen) {
		s.broken(shardEnd, e.subject(), nil, nil, "")
	}
}

// withheld is checkSeal for a record that was not given.
func (s shards) withheld() {
	if s.frozen != nil {
		s.broken(shardEnd, "log", nil, nil, "a record that was withheld")
	}
}
