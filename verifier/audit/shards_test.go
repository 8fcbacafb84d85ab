package audit_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier/audit"
)

const nextOrigin = "log2.example.com"

var nextKey = logtest.Key(50)

func seen(l *logtest.Log, size uint64) receipt.CheckpointRef {
	return receipt.CheckpointRef{Origin: l.Origin, Size: int64(size), Root: l.Root(size)}
}

func freeze(w *logworld.World) logworld.Entry {
	at := seen(w.Log, w.Log.Size())
	return w.Add(&receipt.ShardSealed{Header: w.Head(), Shard: at, Next: nextOrigin}, logworld.Ledger)
}

// goOn makes the world's log the one after the frozen one, and returns that.
func goOn(w *logworld.World, sealed logworld.Entry) *logtest.Log {
	old := w.Log
	w.Log, w.Entries = logtest.New(nextOrigin, nextKey), nil
	w.File.LogPolicy = old.PolicyText() + "log " + w.Log.Vkey() + "\n"
	at := seen(old, old.Size())
	w.Add(&receipt.ShardGenesis{Header: w.Head(), Origin: nextOrigin, Previous: at, Sealed: sealed.Record.Digest, Trust: w.InForce().Ref()}, logworld.Ledger)
	return old
}

func says(lines []string, text string) bool {
	return slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, text) })
}

func TestShards(t *testing.T) {
	w := logworld.New()
	w.Live()
	sealed := freeze(w)
	if r := judge(w); !r.Verified() || !says(r.NotCovered, "goes on after this one, which is frozen: "+nextOrigin) {
		t.Fatal(describe(r), r.NotCovered)
	}
	old := goOn(w, sealed)
	r := judge(w)
	if !r.Verified() || !says(r.NotCovered, "the log before this one, "+logworld.Origin) {
		t.Fatal(describe(r), r.NotCovered)
	}
	with := func(previous log.TileReader) (codes_ []string, verified bool) {
		r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{Previous: previous})
		return codes(r), r.Verified()
	}
	if got, ok := with(old); !ok {
		t.Fatal(got)
	}
	shorter := logtest.New(logworld.Origin, logworld.LogKey)
	shorter.Append([]byte("x"))
	for name, previous := range map[string]struct {
		log.TileReader
		want marketops.Code
	}{
		"another log":    {shorter, marketops.SplitView},
		"the log itself": {w.Log, marketops.SplitView},
		"nothing":        {logworld.Store{}, marketops.LogUnavailable},
		"a stranger's":   {logtest.New(logworld.Origin, logworld.Stranger), marketops.CheckpointUnsigned},
		"a longer one":   {longer(old), marketops.SplitView},
	} {
		if got, ok := with(previous.TileReader); ok || !slices.Equal(got, []string{string(previous.want)}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	first := logworld.New()
	first.Live()
	if r := audit.Audit(first.Log, first.Store, first.Trust(), audit.Options{Previous: old}); r.Verified() {
		t.Error("a log that names none before has one")
	}
}

// longer is the frozen log after somebody went on with its key.
func longer(l *logtest.Log) *logtest.Log {
	l.Append([]byte("one more"))
	return l
}

// TestRevokedBeforeTheFreeze: a key that was revoked in a log signs nothing in the log after it, whichever of its
// places the trust file names.
func TestRevokedBeforeTheFreeze(t *testing.T) {
	for name, tc := range map[string]struct {
		from func(old uint64) []log.Position
		want []string
	}{
		"not revoked":              {func(uint64) []log.Position { return nil }, nil},
		"revoked at the end":       {func(old uint64) []log.Position { return []log.Position{{Origin: logworld.Origin, Index: old}} }, []string{"key-revoked"}},
		"revoked in the log after": {func(uint64) []log.Position { return []log.Position{{Origin: nextOrigin, Index: 100}} }, nil},
		"revoked in one taken out": {func(uint64) []log.Position { return []log.Position{{Origin: "log0.example.com", Index: 5}} }, []string{"key-revoked"}},
		"revoked twice, later first": {func(old uint64) []log.Position {
			return []log.Position{{Origin: nextOrigin, Index: 100}, {Origin: logworld.Origin, Index: old}}
		}, []string{"key-revoked"}},
	} {
		w := logworld.New()
		w.Live()
		old := goOn(w, freeze(w))
		w.Run, w.Evidence = marketops.NewRunID([16]byte{9}), nil
		w.Refuse(marketops.Expired)
		w.File.Publishers[0].RevokedFrom = tc.from(old.Size())
		if r := judge(w); !slices.Equal(codes(r), tc.want) {
			t.Errorf("%s: %s", name, describe(r))
		}
	}
}

func TestShardAttacks(t *testing.T) {
	about := func(l *logtest.Log) receipt.CheckpointRef { return seen(l, l.Size()) }
	for name, c := range map[string]struct {
		want marketops.Code
		do   func(*logworld.World)
	}{
		"something above the seal": {marketops.OrderViolation, func(w *logworld.World) { freeze(w); w.Refuse(marketops.Expired) }},
		"another seal":             {marketops.OrderViolation, func(w *logworld.World) { freeze(w); freeze(w) }},
		"a withheld record above it": {marketops.OrderViolation, func(w *logworld.World) {
			freeze(w)
			e := w.Submit()
			delete(w.Store, log.RecordPath(e.Record.LeafHash()))
		}},
		"a seal with another root": {marketops.SplitView, func(w *logworld.World) { edited(w, func(s *receipt.CheckpointRef) { s.Root[0] ^= 1 }) }},
		"a seal of fewer entries": {marketops.OrderViolation, func(w *logworld.World) {
			edited(w, func(s *receipt.CheckpointRef) { *s = seen(w.Log, w.Log.Size()-1) })
		}},
		"a seal of another log":  {marketops.OrderViolation, func(w *logworld.World) { edited(w, func(s *receipt.CheckpointRef) { s.Origin = "x.example" }) }},
		"a seal by an authority": {marketops.KeyUnknown, func(w *logworld.World) { sealBy(w, logworld.Authority, about(w.Log)) }},
		"a beginning in the middle": {marketops.OrderViolation, func(w *logworld.World) {
			p := receipt.CheckpointRef{Origin: "x.example", Size: 1}
			w.Add(&receipt.ShardGenesis{Header: w.Head(), Origin: logworld.Origin, Previous: p, Sealed: marketops.Digest{1}, Trust: w.InForce().Ref()}, logworld.Ledger)
		}},
	} {
		w := logworld.New()
		w.Live()
		c.do(w)
		if r := judge(w); r.Verified() || !slices.Contains(codes(r), string(c.want)) {
			t.Errorf("%s: %s", name, describe(r))
		}
	}
	// A first leaf for another origin.
	w := logworld.New()
	p := receipt.CheckpointRef{Origin: "x.example", Size: 1}
	w.Add(&receipt.ShardGenesis{Header: w.Head(), Origin: nextOrigin, Previous: p, Sealed: marketops.Digest{1}, Trust: w.InForce().Ref()}, logworld.Ledger)
	w.Live()
	if r := judge(w); r.Verified() {
		t.Error("a log begins under another origin")
	}
}

func edited(w *logworld.World, edit func(*receipt.CheckpointRef)) {
	at := seen(w.Log, w.Log.Size())
	edit(&at)
	sealBy(w, logworld.Ledger, at)
}

func sealBy(w *logworld.World, by *crypto.PrivateKey, at receipt.CheckpointRef) {
	w.Add(&receipt.ShardSealed{Header: w.Head(), Shard: at, Next: nextOrigin}, by)
}
