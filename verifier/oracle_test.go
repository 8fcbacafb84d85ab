package verifier_test

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/internal/test/oracle"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// TestOracle: the pack, the audit and the publisher's gate say what a second verifier says that follows
// docs/formats.md alone. The worlds are all stories and attacks, those of TestDishonestCore, and further ones. Where
// the two are known to differ stands in [exceptions].
func TestOracle(t *testing.T) {
	worlds := slices.Concat(told(), ownWorlds())
	seen := map[string]int{}
	for _, l := range exhaustive.Sample(t, 40, worlds) {
		leaveEachOut(t, l, seen)
	}
	var lies []lie
	for _, name := range stories {
		lies = append(lies, liesOf(t, name)...)
	}
	worlds = append(worlds, exhaustive.Sample(t, 400, lies)...)
	worlds = append(worlds, exhaustive.Sample(t, 200, otherTrusts())...)
	worlds = append(worlds, pairs(t, 200)...)
	for _, l := range worlds {
		if w := l.world(); w != nil {
			(&duel{t: t, name: l.name, w: reopen(t, w), seen: seen}).all()
		} else {
			seen["cannot be signed"]++
		}
	}
	t.Logf("%d worlds: %v", len(worlds), seen)
	for _, e := range exceptions {
		if exhaustive.Whole() && seen["excepted: "+e.why] == 0 {
			t.Errorf("%q is excepted, and nothing differs in it", e.why)
		}
	}
}

// told are all stories and attacks.
func told() (out []lie) {
	for _, name := range slices.Sorted(maps.Keys(logworld.Stories)) {
		out = append(out, lie{name, free, func() *logworld.World { return judgeable(logworld.Stories[name]) }})
	}
	for _, a := range logworld.Attacks {
		out = append(out, lie{a.Name, some, func() *logworld.World { return judgeable(a.Story) }})
	}
	return out
}

// duel is one world before both verifiers.
type duel struct {
	t      *testing.T
	name   string
	w      *logworld.World
	lawful bool // no record lies, but a pack may lack some
	seen   map[string]int
}

func (d *duel) end() marketops.Time { return d.w.Now + 5*86400 }

// all compares pack, log and gate.
func (d *duel) all() {
	d.pack()
	a := audit.Audit(d.w.Log, d.w.Store, d.w.Trust(), audit.Options{Document: d.w.Documents(), Plan: d.w.Plans(), At: d.end()})
	d.compare(a, d.world(true))
	d.gate()
}

func (d *duel) pack() {
	d.w.Evidence = nil // the oracle has no texts
	d.compare(verifier.Verify(d.w.Pack(), d.w.Trust(), d.end()), d.world(false))
}

// compare demands one verdict, and that the oracle found the code that is named first.
func (d *duel) compare(r *verifier.Report, o oracle.World) {
	verdict, found := oracle.Judge(o)
	if string(verdict) == string(r.Verdict) && (r.Code == "" || slices.Contains(found, r.Code)) {
		d.seen[string(r.Kind)+" "+string(verdict)]++
		return
	}
	if why := d.excepted(r, found); why != "" {
		d.seen["excepted: "+why]++
		return
	}
	d.t.Errorf("%s, %s: the oracle says %s %v, the verifier\n%s", d.name, r.Kind, verdict, found, describe(r))
}

// reopen reads the records as they were signed. A lie about a list may have changed bodies that share it.
func reopen(t *testing.T, w *logworld.World) *logworld.World {
	t.Helper()
	for i, e := range w.Entries {
		rec, err := receipt.Open(e.Record.Envelope, ring())
		if err != nil {
			t.Fatal(err)
		}
		w.Entries[i].Record = rec
	}
	return w
}

// ring holds all keys of the worlds.
var ring = sync.OnceValue(func() *crypto.Keyring {
	var public []crypto.PublicKey
	for _, k := range keys {
		public = append(public, k.Public())
	}
	r, err := crypto.NewKeyring(append(public, logworld.Carol.Public())...)
	if err != nil {
		panic(err)
	}
	return r
})

// world is what the oracle is given.
func (d *duel) world(whole bool) oracle.World {
	w := d.w
	o := oracle.World{Whole: whole, Trust: versionsOf(w), Checkpoint: w.Log.Checkpoint(), Root: w.Log.Root,
		Documents: map[marketops.Digest]*marketops.Operation{}, End: d.end(), Run: w.Run, Plan: w.PlanBytes()}
	for n := range w.Ops {
		o.Documents[w.Digest(n)] = &w.Ops[n]
	}
	for _, e := range w.Entries {
		o.Entries = append(o.Entries, oracle.Entry(e))
	}
	return o
}

func versionsOf(w *logworld.World) (out [][]byte) {
	for _, v := range w.Trust().Versions() {
		out = append(out, v.Text())
	}
	return out
}

// gate asks what a publisher asks at the first claim.
func (d *duel) gate() {
	checks, asked := askGate(d.w)
	if !asked {
		return
	}
	failed := oracle.Gate(versionsOf(d.w), questionOf(d.w))
	same := true
	for _, c := range checks {
		same = same && (c.Status == marketops.NotRun || (c.Status == marketops.Fail) == slices.Contains(failed, c.Code))
	}
	first, refused := checks.FirstFailure()
	switch same = same && refused == (len(failed) > 0); {
	case same && refused:
		d.seen["gate refuses"]++
	case same:
		d.seen["gate passes"]++
	default:
		d.t.Errorf("%s: the oracle's gate says %v, the publisher's first %+v", d.name, failed, first)
	}
}

// questionOf is what [askGate] asks.
func questionOf(w *logworld.World) oracle.Question {
	i := slices.IndexFunc(w.Entries, func(e logworld.Entry) bool { return e.Record.Body.Kind() == receipt.KindClaim })
	c := w.Entries[i].Record.Body.(*receipt.Claim)
	q := oracle.Question{Origin: logworld.Origin, Run: w.Run, Operation: w.Documents()(c.Operation), Publisher: c.Publisher, Now: c.IssuedAt}
	for _, e := range w.Entries[:i] {
		switch e.Record.Body.(type) {
		case *receipt.Submission:
			entry := oracle.Entry(e)
			q.Submission = &entry
		case *receipt.Approval:
			q.Votes = append(q.Votes, oracle.Entry(e))
		case *receipt.Receipt:
			if e.Record.Digest == c.Receipt {
				q.Receipts = append(q.Receipts, oracle.Entry(e))
			}
		}
	}
	return q
}
