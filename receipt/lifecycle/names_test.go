package lifecycle

import (
	"encoding/binary"
	"slices"
	"testing"
)

// TestNames holds the table to a map: the newest run of a name counts, kinds keep names apart, and what is
// loaded is what was there.
func TestNames(t *testing.T) {
	n := &names{secret: [secretSize]byte{1}}
	if _, known := n.get(aRun, []byte("x")); known {
		t.Error("an empty table knows a name")
	}
	const runs = 5000
	name := func(i uint32) []byte { return binary.BigEndian.AppendUint32(nil, i%3000) }
	for i := range uint32(runs) {
		n.put(aRecord, name(i), i)
	}
	check := func(n *names) {
		for i := uint32(2000); i < runs; i++ {
			if run, known := n.get(aRecord, name(i)); !known || run != i {
				t.Fatalf("name %d: run %d, %v", i%3000, run, known)
			}
			if _, known := n.get(aRun, name(i)); known {
				t.Fatal("a name of another kind is known")
			}
		}
	}
	check(n)
	again := &names{secret: n.secret}
	all := slices.Concat(n.buckets...)
	if err := again.load(all, runs); err != nil || len(all) != 3000*entrySize {
		t.Fatalf("%d bytes: %v", len(all), err)
	}
	check(again)
	if err := new(names).load(all, runs-1); err == nil {
		t.Error("a run that is not there")
	}
	other := &names{secret: [secretSize]byte{2}, buckets: n.buckets}
	if _, known := other.get(aRecord, name(1)); known {
		t.Error("a name is known without the secret")
	}
}
