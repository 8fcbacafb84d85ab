package gate_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
)

// world is a run that becomes a pack, a log or both.
type world struct {
	name  string
	says  string // why it is there
	pack  logworld.Codes
	log   logworld.Codes // nil: no such vector
	story func(*logworld.World)
	apart bool // the earlier versions of the trust file do not lie in the pack
	lost  bool // they lie nowhere
}

var noWord = regexp.MustCompile(`[^a-z0-9]+`)

// file is the name of a world in the name of a file.
func (x world) file() string {
	return strings.Trim(noWord.ReplaceAllString(strings.ReplaceAll(strings.ToLower(x.name), "'", ""), "-"), "-")
}

// about is the comment of a vector. It names the other form of the run where that answers otherwise.
func (x world) about(codes, other logworld.Codes) string {
	text := x.name
	if x.says != "" {
		text = x.says + ": " + x.name
	}
	if len(codes) == 0 && len(other) > 0 {
		text += "; only the pack of this run shows it"
	}
	return text
}

func (x world) play() *logworld.World {
	w := logworld.New()
	x.story(w)
	return w
}

// now is days after the last record, so that an outcome that is not there is late.
func (x world) now(w *logworld.World) marketops.Time { return w.Now + 5*86400 }

// Limits of what is chosen.
const (
	worldLimit = 72 << 10  // bytes of one vector of a pack or a log
	worldsSize = 4_400_000 // bytes of all of them
)

// chooseWorlds returns all worlds that become vectors.
func chooseWorlds(t *testing.T) []world {
	t.Helper()
	seen := map[string]bool{}
	out := slices.Concat(further, worldsOf(t, true))
	for _, x := range out {
		see(seen, x.shows(t))
	}
	out = append(out, chooseAttacks(t, seen, out)...)
	requireAll(t, seen)
	return append(out, chooseLawful(t, worldsSize-sizeOf(out))...)
}

// chooseAttacks returns as many attacks as it takes to show every condition and every code. Each is there as a log,
// and as a pack too if its pack has a code that no pack before it has.
func chooseAttacks(t *testing.T, seen map[string]bool, before []world) []world {
	t.Helper()
	inPacks := map[string]bool{}
	for _, x := range before {
		see(inPacks, names("", x.pack))
	}
	out := cover(t, seen, worldsOf(t, false), world.shows)
	for i, x := range out {
		if !see(inPacks, names("", x.pack)) {
			out[i].pack = nil
		}
	}
	return out
}

// chooseLawful returns the plain run, and as many lawful runs as it takes to show what may follow what. The plain
// run is there as a pack and as a log, the others as logs.
func chooseLawful(t *testing.T, left int) []world {
	t.Helper()
	runs, seen := lawfulWorlds(), map[string]bool{}
	i := slices.IndexFunc(runs, func(x world) bool { return x.name == "published and closed" })
	plain := runs[i]
	see(seen, plain.sequences(t))
	others := cover(t, seen, slices.Delete(runs, i, i+1), world.sequences)
	return append(addPacks(t, plain, others, left), plain)
}

// addPacks makes those of lawful runs packs too that hold something which no pack before holds, while there is room.
func addPacks(t *testing.T, plain world, runs []world, left int) []world {
	t.Helper()
	out, held := slices.Clone(runs), map[string]bool{}
	for i := range out {
		out[i].pack = nil
	}
	left -= plain.size() + sizeOf(out)
	see(held, plain.contents(t))
	for _, x := range cover(t, held, runs, world.contents) {
		i := slices.IndexFunc(out, func(y world) bool { return x.name == y.name })
		if more := x.size() - out[i].size(); more <= left {
			left, out[i] = left-more, x
		}
	}
	return out
}

func sizeOf(worlds []world) (n int) {
	for _, x := range worlds {
		n += x.size()
	}
	return n
}

// worldsOf returns the attacks of trusts.go, or all others.
func worldsOf(t *testing.T, inTrusts bool) (out []world) {
	t.Helper()
	source, err := os.ReadFile("../../internal/test/logworld/trusts.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range logworld.Attacks {
		codes := a.Audit
		if codes == nil {
			codes = a.Pack
		}
		if strings.Contains(string(source), "{"+strconv.Quote(a.Name)+", Codes{") == inTrusts {
			out = append(out, world{name: a.Name, pack: a.Pack, log: codes, story: a.Story})
		}
	}
	return out
}

func lawfulWorlds() (out []world) {
	for _, name := range slices.Sorted(maps.Keys(logworld.Stories)) {
		out = append(out, world{name: name, says: "a lawful run", pack: logworld.Codes{}, log: logworld.Codes{}, story: logworld.Stories[name]})
	}
	return out
}

// cover takes the world that shows most of what none before it shows, the first of several, until none is left.
func cover(t *testing.T, seen map[string]bool, from []world, shows func(world, *testing.T) []string) (out []world) {
	t.Helper()
	shown := make([][]string, len(from))
	for i, x := range from {
		shown[i] = shows(x, t)
	}
	for {
		best := slices.MaxFunc(indexes(from), func(i, k int) int { return fresh(seen, shown[i]) - fresh(seen, shown[k]) })
		if !see(seen, shown[best]) {
			return out
		}
		out = append(out, from[best])
	}
}

func indexes(worlds []world) (out []int) {
	for i := range worlds {
		out = append(out, i)
	}
	return out
}

// fresh counts what was not seen.
func fresh(seen map[string]bool, shown []string) (n int) {
	for i, what := range shown {
		if !seen[what] && !slices.Contains(shown[:i], what) {
			n++
		}
	}
	return n
}

// see notes what is shown, and reports whether some of it is new.
func see(seen map[string]bool, shown []string) bool {
	isNew := fresh(seen, shown) > 0
	for _, what := range shown {
		seen[what] = true
	}
	return isNew
}

func names(of string, codes logworld.Codes) (out []string) {
	for _, c := range codes {
		out = append(out, of+string(c))
	}
	return out
}

// shows names what a world is an example of: the codes of its pack, those of its log, and the conditions that its
// records break. A condition is alone if nothing else gives its code: a verifier that does not ask it answers otherwise.
func (x world) shows(t *testing.T) []string {
	t.Helper()
	out := slices.Concat(names("pack: ", x.pack), names("log: ", x.log))
	conditions, gate := broken(t, x.play())
	for _, c := range conditions {
		out = append(out, c.Holds)
		if !slices.Contains(gate, c.Code) && !slices.ContainsFunc(conditions, func(o *lifecycle.Condition) bool { return o != c && o.Code == c.Code }) {
			out = append(out, "alone: "+c.Holds)
		}
	}
	return out
}

// contents names what lies in a lawful run: its kinds of records and of operations, how its receipts ended, and what
// is special about its trust file.
func (x world) contents(*testing.T) (out []string) {
	w := x.play()
	for _, e := range w.Entries {
		out = append(out, string(e.Record.Body.Kind()))
		if o, ok := e.Record.Body.(*receipt.Outcome); ok {
			out = append(out, fmt.Sprint(o.Status, " ", o.Code))
		}
	}
	return append(out, string(w.Ops[0].Kind), fmt.Sprint(len(w.Trust().Versions()), " versions"), fmt.Sprint("quorum ", w.Trust().Log().Quorum() != "none"))
}

// sequences adds which record stands above which.
func (x world) sequences(t *testing.T) []string {
	out, last := x.contents(t), ""
	for _, e := range x.play().Entries {
		kind := string(e.Record.Body.Kind())
		out, last = append(out, last+" > "+kind), kind
	}
	return out
}

// requireAll fails if a condition is nowhere alone, or a code of an attack is shown nowhere.
func requireAll(t *testing.T, seen map[string]bool) {
	t.Helper()
	var want []string
	for _, c := range lifecycle.Conditions {
		want = append(want, "alone: "+c.Holds)
	}
	for _, x := range slices.Concat(worldsOf(t, true), worldsOf(t, false)) {
		want = append(want, slices.Concat(names("pack: ", x.pack), names("log: ", x.log))...)
	}
	for _, what := range want {
		if !seen[what] {
			t.Errorf("no world shows %q", what)
		}
	}
}

// broken returns the conditions that the records of a log break, and the codes that the gate gives of its receipts.
func broken(t *testing.T, w *logworld.World) (out []*lifecycle.Condition, gate []marketops.Code) {
	t.Helper()
	law := w.Trust()
	rules := lifecycle.Rules{Trust: law, Document: w.Documents(), After: w.Orders(), Quoted: quotedBy(w.Log)}
	rules.Gate = func(_ *lifecycle.ReceiptHistory, answers marketops.Checks, _ string) {
		gate = append(gate, failures(answers)...)
	}
	rules.Report = func(f lifecycle.Finding) {
		if f.Condition != nil {
			out = append(out, f.Condition)
		}
	}
	tracker := lifecycle.NewTracker(rules)
	a := admission{law: law, course: trust.NewCourse(law), tracker: tracker}
	for i, leaf := range leavesIn(w.Log) {
		a.take(log.Position{Origin: w.Log.Origin, Index: uint64(i)}, leaf, w.Store[log.RecordPath(log.LeafHash(leaf))])
	}
	tracker.Finish()
	return out, gate
}

func quotedBy(l *logtest.Log) func(receipt.CheckpointRef) error {
	return func(c receipt.CheckpointRef) error {
		if uint64(c.Size) <= l.Size() && l.Root(uint64(c.Size)) != c.Root {
			return marketops.SplitView
		}
		return nil
	}
}

// admission hands the records of a log to a tracker.
type admission struct {
	law     *trust.Trust
	course  *trust.Course
	tracker *lifecycle.Tracker
	ledger  marketops.Time // the latest that the ledger signed
}

// take admits one record. Of a record that is withheld the tracker learns whose it is, and of one that is not
// admitted nothing.
func (a *admission) take(at log.Position, leaf, env []byte) {
	if env == nil {
		a.withheld(at, leaf)
		return
	}
	rec, err := receipt.Open(env, a.law.Ring())
	if err != nil {
		return
	}
	e := lifecycle.Entry{Position: at, Leaf: log.LeafHash(leaf), Record: rec}
	if e.Law, err = a.course.Law(rec.Body); err == nil {
		e.Holder, err = e.Law.Admit(rec, max(rec.Body.Issued(), a.ledger), &at)
	}
	if err != nil {
		return
	}
	a.course.Adopt(rec.Body, at.Index)
	if e.Holder.Role == trust.RoleLedger {
		a.ledger = max(a.ledger, rec.Body.Issued())
	}
	a.tracker.Add(e)
}

func (a *admission) withheld(at log.Position, leaf []byte) {
	entry, err := log.ParseLeaf(leaf)
	if err != nil {
		return
	}
	if h, known := a.law.Holder(entry.Key.ID()); known {
		a.tracker.Withheld(at.Index, h)
	}
}
