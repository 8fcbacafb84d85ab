package core_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// crowded is a run with n records beside its submission and its receipts, in the order of the log.
func crowded(t testing.TB, w *world.World, n int) (*world.Run, []log.Hash) {
	t.Helper()
	s := w.Ready()
	want, mu := map[uint64]log.Hash{}, sync.Mutex{}
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for i := range next {
				rec, _, err := w.Issuer.Refusal(issue.Refused{Run: s.ID, Request: marketops.DigestOf(fmt.Append(nil, i)), Code: marketops.Expired, Text: "late"})
				if err != nil {
					t.Error(err)
					return
				}
				e, err := w.Core.Record(context.Background(), rec)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				want[e.Position.Index] = e.Leaf
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	var order []uint64
	for index := range want {
		order = append(order, index)
	}
	slices.Sort(order)
	leaves := make([]log.Hash, len(order))
	for i, index := range order {
		leaves[i] = want[index]
	}
	return s, leaves
}

// TestManyRecords: a run of more records than a page holds is read whole, in the order of the log, and with each
// version of the trust file that became active meanwhile. Pages of any size together are the same.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	ctx, w := context.Background(), world.New(t)
	s, first := crowded(t, w, api.MaxPage+200)
	w.WriteTrust(2, func(f *trust.File) { f.MaxLifetime = 86399 })
	w.Restart()
	entries, _ := w.Records(s.ID)
	for i := range 300 {
		rec, _, err := w.Issuer.Refusal(issue.Refused{Run: s.ID, Request: marketops.DigestOf(fmt.Append(nil, i)), Code: marketops.Expired, Text: "late"})
		must(t, err)
		first = append(first, got(w.Core.Record(ctx, rec))(t).Leaf)
	}
	all := got(w.Client("").Records(ctx, s.ID))(t)
	if len(all.Entries) != len(entries)+300 || len(entries) != len(first)-300+3 {
		t.Fatalf("%d entries, %d before, %d of them new", len(all.Entries), len(entries), len(first))
	}
	for i, e := range all.Entries[3:] {
		if e.Leaf != first[i] || e.Position.Index <= all.Entries[i+2].Position.Index || len(e.Envelope) == 0 {
			t.Fatalf("record %d is %+v", i, e.Position)
		}
	}
	if len(all.Adopted) != 1 || all.Adopted[0].Name != receipt.KindTrustAdopted {
		t.Fatalf("%d versions became active", len(all.Adopted))
	}
	for _, limit := range []int{1, 7, 500, api.MaxPage} {
		var joined api.RunRecords
		for p := (api.Page{Limit: limit}); ; {
			page := got(w.Core.Records(ctx, federation.Operator(), s.ID, p))(t)
			if len(page.Entries) > limit || len(page.Entries) == 0 {
				t.Fatalf("a page of %d records, at most %d", len(page.Entries), limit)
			}
			joined.Entries, joined.Adopted = append(joined.Entries, page.Entries...), append(joined.Adopted, page.Adopted...)
			if !page.More {
				break
			}
			p.From = page.Entries[len(page.Entries)-1].Position.Index + 1
		}
		if fmt.Sprint(leavesOf(joined)) != fmt.Sprint(leavesOf(all)) {
			t.Errorf("pages of %d are together another answer", limit)
		}
	}
}

func leavesOf(r api.RunRecords) (out []log.Hash) {
	for _, e := range slices.Concat(r.Entries, r.Adopted) {
		out = append(out, e.Leaf)
	}
	return out
}

// TestLargeRecords: pages end before their answer grows beyond what a client reads.
func TestLargeRecords(t *testing.T) {
	t.Parallel()
	ctx, w := context.Background(), world.New(t)
	s := w.NewRun().Submit()
	for i := range 30 {
		body := receipt.RunClosed{Header: w.Head(), RunID: s.ID, Plan: s.PlanDigest(), Counts: []receipt.Count{{Name: receipt.KindClaim, Count: 1}}}
		for n := range 8_000 {
			body.Records = append(body.Records, marketops.DigestOf(fmt.Append(nil, i, n)))
		}
		big := got(receipt.Seal(&body, w.Keys["ledger"]))(t)
		if len(big.Envelope) < 500_000 {
			t.Fatalf("%d bytes", len(big.Envelope))
		}
		got(w.Core.Record(ctx, big))(t)
	}
	if n := len(got(w.Client("").Records(ctx, s.ID))(t).Entries); n != 31 {
		t.Errorf("%d records", n)
	}
	page := got(w.Core.Records(ctx, federation.Operator(), s.ID, api.Page{Limit: api.MaxPage}))(t)
	if !page.More || len(page.Entries) < 2 || len(page.Entries) > 20 {
		t.Errorf("a page of %d records, more: %v", len(page.Entries), page.More)
	}
}

// BenchmarkRecords reads a run of 10,000 records through the client, beside the least that it costs: the same files,
// read one after the other in the same process. It fails above one second.
//
//	ratio   reading the run over reading its files
//	growth  time for one record of 10,000 over that for one of 1,000; quadratic work would make it 10
func BenchmarkRecords(b *testing.B) {
	w := world.New(b)
	read := func(n int) (ours, bare time.Duration) {
		s, _ := crowded(b, w, n)
		entries, _ := w.Records(s.ID)
		ours = fastest(b, func() {
			if r := got(w.Client("").Records(context.Background(), s.ID))(b); len(r.Entries) < n {
				b.Fatalf("%d records", len(r.Entries))
			}
		})
		bare = fastest(b, func() {
			for _, e := range entries {
				got(os.ReadFile(w.RecordFile(e.Leaf)))(b)
			}
		})
		return ours, bare
	}
	few, _ := read(1_000)
	ours, bare := read(10_000)
	if ours > time.Second {
		b.Errorf("10,000 records took %s, at most a second", ours)
	}
	b.ReportMetric(float64(ours)/float64(bare), "ratio")
	b.ReportMetric(float64(ours)/10/float64(few), "growth")
	b.ReportMetric(float64(ours.Milliseconds()), "records-ms")
	b.ReportMetric(float64(bare.Milliseconds()), "bare-ms")
	b.ReportMetric(0, "ns/op")
}

// fastest is the best of five.
func fastest(b *testing.B, do func()) time.Duration {
	b.Helper()
	best := time.Duration(1 << 62)
	for range 5 {
		at := time.Now()
		do()
		best = min(best, time.Since(at))
	}
	return best
}
