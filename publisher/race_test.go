package publisher_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// racers is how many publishers race for one receipt, in processes of as many each in [TestRaceOfReceipts].
func racers() (all, processes int) {
	if exhaustive.Whole() {
		return 256, 8
	}
	return 64, 4
}

// recruit adds publishers with keys of their own to the trust file in force.
func (s *stage) recruit(n int) (names []string) {
	s.Helper()
	for i := range n {
		name := fmt.Sprintf("racer-%d", i)
		s.Keys[name] = must(crypto.NewPrivateKey(fmt.Appendf(nil, "%032d", i)))
		names = append(names, name)
	}
	s.WriteTrust(s.File.Version+1, func(f *trust.File) {
		for _, name := range names {
			f.Publishers = append(f.Publishers, s.TrustKey(name))
		}
	})
	s.World.Core.Sweep(context.Background())
	return names
}

// gather lets every claim wait until all that were expected have come: for theirs, or to their end.
type gather struct {
	expected sync.WaitGroup
}

// invited is the Core of one racer, who waits for the others before the claim.
type invited struct {
	publisher.Core
	g     *gather
	comes func()
}

func (g *gather) invite(c publisher.Core) *invited {
	g.expected.Add(1)
	return &invited{c, g, sync.OnceFunc(g.expected.Done)}
}

func (i *invited) Claim(ctx context.Context, w api.ClaimWanted) (api.Claimed, error) {
	i.comes()
	i.g.expected.Wait()
	return i.Core.Claim(ctx, w)
}

// race publishes from all seats at the same moment and returns how often it ended how.
func race(seats []*seat) map[string]int {
	var g gather
	var all sync.WaitGroup
	ends := make(chan string, len(seats))
	for _, p := range seats {
		core := g.invite(p.Core)
		p.Core = core
		all.Go(func() {
			defer core.comes()
			ends <- ended(p.Run(context.Background(), marketops.Prod, p.jobs))
		})
	}
	all.Wait()
	close(ends)
	count := map[string]int{}
	for end := range ends {
		count[end]++
	}
	return count
}

func ended(results []publisher.Result, err error) string {
	if err != nil {
		return "error " + string(marketops.CodeOf(err))
	}
	return string(results[0].Status) + " " + string(marketops.CodeOf(results[0].Err))
}

// oneWinner demands of so many racers that one won and that the others were told why they did not.
func (s *stage) oneWinner(count map[string]int, n int) {
	s.Helper()
	s.Log(count)
	late := 0
	for _, status := range []string{"refused ", "not-attempted "} {
		for _, code := range []marketops.Code{marketops.Consumed, marketops.OperationInFlight} {
			late += count[status+string(code)]
		}
	}
	if count["success "] != 1 || late != n-1 {
		s.Errorf("of %d racers: %v", n, count)
	}
}

// TestRace: many publishers, each with a key of its own, have passed the gate with one receipt and
// claim it in the same moment. One wins, the log has the one claim of epoch 1, GitHub one effect.
func TestRace(t *testing.T) {
	s := newStage(t)
	n, _ := racers()
	names := s.recruit(n)
	r := s.authorised(s.tagOp())
	var seats []*seat
	for _, name := range names {
		seats = append(seats, r.sit(name, r.folder()))
	}
	s.oneWinner(race(seats), n)
	for _, p := range seats {
		p.leave()
	}
	r.spentOnce()
	s.lawful()
}

// spentOnce: one claim, of epoch 1, with one intent and one true outcome.
func (r *run) spentOnce() {
	r.Helper()
	r.shipped(0)
	if st := r.told(0); len(st.claims) != 1 || len(st.intents) != 1 || st.claims[0].Body.(*receipt.Claim).Epoch != 1 {
		r.Errorf("%d claims and %d intents", len(st.claims), len(st.intents))
	}
}

// TestRaceOfOwners: 32 racers under two keys, so that half of them hold the claim whoever wins, and
// overtake each other. Nobody reports a success that is not one.
func TestRaceOfOwners(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	var seats []*seat
	for i := range 32 {
		seats = append(seats, r.sit([]string{"pub", "pub2"}[i%2], r.folder()))
	}
	count := race(seats)
	for _, p := range seats {
		p.leave()
	}
	t.Log(count)
	if count["success "] == 0 {
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

// TestRaceOfReceipts: two receipts for one tag and many publishers, half of them with each, in several
// processes. One of them publishes; the other receipt is never claimed.
func TestRaceOfReceipts(t *testing.T) {
	if o := given(); o != nil {
		o.race(t)
		return
	}
	n, processes := racers()
	s := newStage(t)
	names := s.recruit(n)
	op := s.tagOp()
	runs := []*run{s.authorised(op), s.authorised(op)}
	var started []*process
	for part := range slices.Chunk(names, n/processes) {
		started = append(started, s.process(runs, part))
	}
	count := map[string]int{}
	for _, p := range started { // all sit
		p.hear("ready")
	}
	for _, p := range started {
		p.say("go")
	}
	for _, p := range started {
		for end, times := range p.count() {
			count[end] += times
		}
	}
	s.oneWinner(count, n)
	won := slices.IndexFunc(runs, func(r *run) bool { return len(r.told(0).outcomes) > 0 })
	if won < 0 {
		t.Fatal("nobody won")
	}
	runs[won].spentOnce()
	other := runs[1-won].told(0)
	if len(other.claims)+len(other.intents)+len(other.outcomes) != 0 || len(other.refusals) == 0 {
		t.Errorf("leaves of the other: %q", other.names)
	}
	s.lawful()
}
