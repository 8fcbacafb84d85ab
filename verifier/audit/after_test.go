package audit_test

import (
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier/audit"
)

// early is a log in which an operation was published before the one that the plan puts first.
func early() *logworld.World {
	w := logworld.New()
	i := slices.IndexFunc(logworld.Attacks, func(a logworld.Attack) bool { return a.Name == "claimed before its prerequisite succeeded" })
	logworld.Attacks[i].Story(w)
	return w
}

const orderNotCovered = "the order between operations: the plan of 2 of 2 receipts was not given (--operations)"

// TestOrderWithPlan: the folder of documents holds the plan too. Without it the order is not judged, and the report
// says so.
func TestOrderWithPlan(t *testing.T) {
	w := early()
	for name, c := range map[string]struct {
		plan []byte
		want marketops.Code
	}{"with the plan": {w.PlanBytes(), marketops.PrerequisiteOpen}, "without it": {nil, ""}} {
		dir := t.TempDir()
		for i := range w.Ops {
			doc, _ := w.Ops[i].Document()
			put(t, dir, marketops.DigestOf(doc).Hex(), doc)
		}
		if c.plan != nil {
			put(t, dir, marketops.DigestOf(c.plan).Hex(), c.plan)
		}
		r := judgeFolder(t, w, dir, audit.Options{})
		told := slices.Contains(r.NotCovered, orderNotCovered)
		if r.Code != c.want || r.Verified() != (c.want == "") || told != (c.plan == nil) {
			t.Errorf("%s: %s, not covered: %q", name, describe(r), r.NotCovered)
		}
	}
}

// TestOrderWithheld: where a record that was not given may be the success, it is not known.
func TestOrderWithheld(t *testing.T) {
	w := logworld.New()
	logworld.Stories["one operation after the other"](w)
	if r := judge(w); !r.Verified() {
		t.Fatal("control:", describe(r))
	}
	for path, env := range w.Store {
		if e := w.Entries[slices.IndexFunc(w.Entries, func(e logworld.Entry) bool { return string(e.Record.Envelope) == string(env) })]; e.Record.Body.Kind() == "outcome" {
			delete(w.Store, path)
		}
	}
	if r := judge(w); r.Verified() || slices.Contains(codes(r), string(marketops.PrerequisiteOpen)) || !slices.Contains(codes(r), string(marketops.RecordWithheld)) {
		t.Error(describe(r))
	}
}
