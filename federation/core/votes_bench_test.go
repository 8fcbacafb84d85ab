package core_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt"
)

// few and many are the votes of a run in [BenchmarkVotes].
const few, many = 100, 2000

// BenchmarkVotes measures calls about a run with few and with many votes of other persons. Each ratio is the time with
// many over the time with few; twenty times as many votes make a call that reads them all at most about twenty times slower, and
// a call that does not need them no slower.
//
//	vote-ratio       a vote, which is judged by the own votes alone
//	claim-ratio      a claim, which asks every vote for a veto
//	authorize-ratio  asking for receipts again
//	records-ratio    the answer with all records
//	sweep-ratio      what happens without a call
func BenchmarkVotes(b *testing.B) {
	small, large := voted(world.New(b), few), voted(world.New(b), many)
	for name, call := range map[string]func(*world.Run) func(){
		"vote": voteOnce,
		"claim": func(s *world.Run) func() {
			return func() { got(s.Client("pub").Check(context.Background(), s.Wanted(0, "pub")))(s) }
		},
		"authorize": func(s *world.Run) func() { return func() { s.Decide() } },
		"records":   func(s *world.Run) func() { return func() { s.Records(s.ID) } },
		"sweep":     func(s *world.Run) func() { return func() { s.Core.Sweep(context.Background()) } },
	} {
		b.ReportMetric(float64(timed(call(large)))/float64(timed(call(small))), name+"-ratio")
	}
	b.ReportMetric(0, "ns/op")
}

// voted is an authorised run with so many rejections that stop nothing, by a person whom the minimum does not list.
func voted(w *world.World, n int) *world.Run {
	w.Helper()
	s := w.Ready()
	for range n {
		s.Freeze(s.Vote("mallory", rejection))
	}
	got(s.VoteAs("carol", short))(w) // brings them into the log
	got(s.Claim(0, "pub"))(w)
	return s
}

func voteOnce(s *world.Run) func() {
	return func() {
		got(s.VoteAs("dora", func(a *receipt.Approval) { a.ExpiresAt = a.NotBefore + 1 }))(s)
		s.Pass(time.Second)
	}
}

// timed is the shortest of five, which other work on the machine disturbs least.
func timed(call func()) time.Duration {
	var each []time.Duration
	for range 5 {
		at := time.Now()
		call()
		each = append(each, time.Since(at))
	}
	return slices.Min(each)
}
