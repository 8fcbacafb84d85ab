package lifecycle

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// sealedBy takes the last leaf of a frozen log. It says what stands below it, and nothing may stand
// above.
func (b *Tracker) sealedBy(e Entry, s *receipt.ShardSealed) {
	if b.frozen != nil {
		return // judged: the same one, or a finding of afterSeal
	}
	same(b, Order, e, marketops.OrderViolation, "a seal of the log is about its checkpoint", s.Shard.Digest(), e.Record.About())
	same(b, Order, e, marketops.OrderViolation, "a seal of the log names every entry below it", fmt.Sprint(s.Shard.Origin, " ", s.Shard.Size), fmt.Sprint(e.Position.Origin, " ", e.Position.Index))
	if b.rules.Quoted != nil {
		if err := b.rules.Quoted(s.Shard); err != nil {
			b.find(Finding{Check: Roots, Subject: e.subject(), Code: marketops.CodeOf(err), Detail: err.Error()})
		}
	}
	b.frozen = s
}

// begun takes the first leaf of a log that goes on after another.
func (b *Tracker) begun(e Entry, g *receipt.ShardGenesis) {
	same(b, Order, e, marketops.OrderViolation, "a log begins where another ended in its first leaf only", uint64(0), e.Position.Index)
	same(b, Order, e, marketops.OrderViolation, "a log begins under its own origin", g.Origin, e.Position.Origin)
	same(b, Order, e, marketops.OrderViolation, "the first leaf is about the last checkpoint of the log before", g.Previous.Digest(), e.Record.About())
	b.genesis = g
}

// afterSeal finds an entry above the seal of a frozen log. The seal that a crash appended twice is
// one seal.
func (b *Tracker) afterSeal(e Entry) {
	if s, again := e.Record.Body.(*receipt.ShardSealed); b.frozen != nil && !(again && *s == *b.frozen) {
		b.find(Finding{Check: Order, Subject: e.subject(), Code: marketops.OrderViolation, Detail: article(e.Record.Body.Kind()) + " stands above the seal of the log"})
	}
}

// Shards returns what the log says about the logs before and after it; nil where it says nothing.
func (b *Tracker) Shards() (genesis *receipt.ShardGenesis, sealed *receipt.ShardSealed) {
	return b.genesis, b.frozen
}
