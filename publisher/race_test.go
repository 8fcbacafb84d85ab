package publisher_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
)

const racers = 32

// TestRace: 32 processes under two keys want to publish one operation under one receipt. GitHub
// sees one effect and the log one outcome, and nobody reports a success that is not one.
func TestRace(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	var seats []*seat
	for i := range racers {
		seats = append(seats, r.sit([]string{"pub", "pub2"}[i%2], r.folder()))
	}
	start := make(chan struct{})
	ends := make(chan string, racers)
	for _, p := range seats {
		go func() {
			<-start
			results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
			switch {
			case err != nil:
				ends <- fmt.Sprintf("error %s", marketops.CodeOf(err))
			default:
				ends <- results[0].Status + " " + string(marketops.CodeOf(results[0].Err))
			}
		}()
	}
	close(start)
	count := map[string]int{}
	for range racers {
		count[<-ends]++
	}
	for _, p := range seats {
		p.leave()
	}
	t.Log(count)
	if count["success "] != 1 {
		// Whoever was overtaken at the end leaves an open operation: anybody may finish it.
		s.leaseEnds()
		if results, err := r.publish("pub", r.folder()); err != nil || results[0].Status != "success" {
			t.Errorf("%v, then %+v, %v", count, results, err)
		}
	}
	for end, n := range count {
		if end == "success " && n > 1 || end == "failed " || end == "unknown " {
			t.Errorf("%d times %q", n, end)
		}
	}
	r.shipped(0)
	s.lawful()
}

// TestRaceOfReceipts: two receipts for one tag, at the same time. One is published; the other
// is refused and can never be.
func TestRaceOfReceipts(t *testing.T) {
	s := newStage(t)
	op := s.tagOp()
	runs := []*run{s.authorised(op), s.authorised(op)}
	type end struct {
		i   int
		res publisher.Result
		err error
	}
	ends := make(chan end, 2)
	for i, r := range runs {
		p := r.sit([]string{"pub", "pub2"}[i], r.folder())
		defer p.leave()
		go func() {
			results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
			ends <- end{i, results[0], err}
		}()
	}
	won := 0
	for range runs {
		e := <-ends
		s.ok(e.err)
		if e.res.Status == "success" {
			won++
			runs[e.i].shipped(0)
			continue
		}
		if code := marketops.CodeOf(e.res.Err); e.res.Status != "refused" || code != marketops.OperationInFlight && code != marketops.Consumed {
			t.Errorf("%+v", e.res)
		}
		if st := runs[e.i].told(0); len(st.claims)+len(st.outcomes) != 0 || len(st.refusals) != 1 {
			t.Errorf("leaves of the other %q", st.names)
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
}
