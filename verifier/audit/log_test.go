package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// bent is a log whose files are changed on the way.
type bent struct {
	log.TileReader
	change func(name string, b []byte) ([]byte, error)
}

func (b bent) ReadFile(name string) ([]byte, error) {
	text, err := b.TileReader.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return b.change(name, text)
}

func TestTheLogItself(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}
	for name, tc := range map[string]struct {
		want marketops.Code
		exit int
		bend func(*logworld.World) log.TileReader
	}{
		"no checkpoint": {marketops.NothingToVerify, 11, func(w *logworld.World) log.TileReader { return logworld.Store{} }},
		"no entries": {marketops.NothingToVerify, 11, func(w *logworld.World) log.TileReader {
			return logtest.New(logworld.Origin, logworld.LogKey)
		}},
		"unreadable": {marketops.LogUnavailable, 11, func(w *logworld.World) log.TileReader {
			return bent{w.Log, func(string, []byte) ([]byte, error) { return nil, errors.New("input/output error") }}
		}},
		"signed by a stranger": {marketops.CheckpointUnsigned, 11, func(w *logworld.World) log.TileReader {
			l := logtest.New(logworld.Origin, logworld.Stranger)
			return bent{w.Log, func(n string, b []byte) ([]byte, error) {
				if n == log.CheckpointPath {
					return l.SignRoot(w.Log.Size(), w.Log.Root(w.Log.Size())), nil
				}
				return b, nil
			}}
		}},
		"another root": {marketops.InclusionInvalid, 11, func(w *logworld.World) log.TileReader {
			return bent{w.Log, func(n string, b []byte) ([]byte, error) {
				if n == log.CheckpointPath {
					return w.Log.SignRoot(w.Log.Size(), log.Hash{1}), nil
				}
				return b, nil
			}}
		}},
		"a leaf changed": {marketops.LeafMismatch, 11, func(w *logworld.World) log.TileReader {
			return bent{w.Log, func(n string, b []byte) ([]byte, error) {
				if strings.HasPrefix(n, "tile/entries/") {
					b[200] ^= 1
				}
				return b, nil
			}}
		}},
		"a tile changed": {marketops.InclusionInvalid, 11, func(w *logworld.World) log.TileReader {
			return bent{w.Log, func(n string, b []byte) ([]byte, error) {
				if strings.HasPrefix(n, "tile/0/") {
					b[33] ^= 1
				}
				return b, nil
			}}
		}},
		"a tile missing": {marketops.LogUnavailable, 11, func(w *logworld.World) log.TileReader {
			return bent{w.Log, func(n string, b []byte) ([]byte, error) {
				if strings.HasPrefix(n, "tile/0/") {
					return nil, missing
				}
				return b, nil
			}}
		}},
		"a bundle cut": {marketops.LeafMismatch, 11, func(w *logworld.World) log.TileReader {
			return bent{w.Log, func(n string, b []byte) ([]byte, error) {
				if strings.HasPrefix(n, "tile/entries/") {
					return b[:len(b)-1], nil
				}
				return b, nil
			}}
		}},
		"rolled back": {marketops.LogRolledBack, 14, func(w *logworld.World) log.TileReader {
			w.File.KnownCheckpoints = []receipt.CheckpointRef{{Origin: logworld.Origin, Size: int64(w.Log.Size()) + 1, Root: log.Hash{1}}}
			return w.Log
		}},
		"another root known": {marketops.SplitView, 14, func(w *logworld.World) log.TileReader {
			w.File.KnownCheckpoints = []receipt.CheckpointRef{{Origin: logworld.Origin, Size: int64(w.Log.Size()), Root: log.Hash{1}}}
			return w.Log
		}},
		"another prefix known": {marketops.ConsistencyInvalid, 14, func(w *logworld.World) log.TileReader {
			w.File.KnownCheckpoints = []receipt.CheckpointRef{{Origin: logworld.Origin, Size: 3, Root: log.Hash{1}}}
			return w.Log
		}},
		"a checkpoint known that cannot be": {marketops.ConfigInvalid, 11, func(w *logworld.World) log.TileReader {
			w.File.KnownCheckpoints = []receipt.CheckpointRef{{Origin: logworld.Origin, Size: -3}}
			return w.Log
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			w.Live()
			files := tc.bend(w)
			r := audit.Audit(files, w.Store, w.Trust(), audit.Options{})
			if r.Code != tc.want || r.ExitCode() != tc.exit || r.Verdict != verifier.Failed {
				t.Errorf("%s exit %d, want %s exit %d\n%s", r.Code, r.ExitCode(), tc.want, tc.exit, describe(r))
			}
		})
	}
}

func TestKnownCheckpointsHold(t *testing.T) {
	w := logworld.New()
	w.Live()
	for _, size := range []uint64{0, 1, 5, w.Log.Size()} {
		w.File.KnownCheckpoints = append(w.File.KnownCheckpoints, receipt.CheckpointRef{Origin: logworld.Origin, Size: int64(size), Root: w.Log.Root(size)})
	}
	w.File.KnownCheckpoints = append(w.File.KnownCheckpoints, receipt.CheckpointRef{Origin: "other.example.com", Size: 99, Root: log.Hash{1}})
	if r := judge(w); !r.Verified() {
		t.Error(describe(r))
	}
}

func TestNoTrust(t *testing.T) {
	w := logworld.New()
	w.Live()
	for _, trust := range []*trust.Trust{nil, new(trust.Trust)} {
		if r := audit.Audit(w.Log, w.Store, trust, audit.Options{}); r.Code != marketops.TrustMissing || r.ExitCode() != 11 {
			t.Error(describe(r))
		}
	}
}

func path(w *logworld.World, n int) string {
	return log.RecordPath(w.Entries[n].Record.LeafHash())
}

func TestRecords(t *testing.T) {
	for name, tc := range map[string]struct {
		want verifier.Verdict
		code marketops.Code
		bend func(*logworld.World)
	}{
		"another record in its place": {verifier.Failed, "leaf-mismatch", func(w *logworld.World) { w.Store[path(w, 3)] = w.Store[path(w, 2)] }},
		"garbage":                     {verifier.Failed, "receipt-malformed", func(w *logworld.World) { w.Store[path(w, 3)] = []byte("{}") }},
		"a byte changed": {verifier.Failed, "signature-invalid", func(w *logworld.World) {
			b := w.Store[path(w, 3)]
			b[bytes.Index(b, []byte(`"payload":"`))+200] ^= 1
		}},
		"too large":           {verifier.Failed, "leaf-mismatch", func(w *logworld.World) { w.Store[path(w, 3)] = make([]byte, crypto.MaxEnvelope+1) }},
		"outcome withheld":    {verifier.Indeterminate, "record-withheld", func(w *logworld.World) { delete(w.Store, path(w, 6)) }},
		"intent withheld":     {verifier.Indeterminate, "record-withheld", func(w *logworld.World) { delete(w.Store, path(w, 5)) }},
		"claim withheld":      {verifier.Indeterminate, "record-withheld", func(w *logworld.World) { delete(w.Store, path(w, 4)) }},
		"receipt withheld":    {verifier.Indeterminate, "record-withheld", func(w *logworld.World) { delete(w.Store, path(w, 3)) }},
		"seal withheld":       {verifier.Indeterminate, "record-withheld", func(w *logworld.World) { delete(w.Store, path(w, 7)) }},
		"approval erased":     {verifier.Indeterminate, "record-withheld", func(w *logworld.World) { delete(w.Store, path(w, 1)) }},
		"submission erased":   {verifier.Indeterminate, "record-withheld", func(w *logworld.World) { delete(w.Store, path(w, 0)) }},
		"everything withheld": {verifier.Indeterminate, "record-withheld", func(w *logworld.World) { clear(w.Store) }},
		"withheld, by a stranger": {verifier.Failed, "key-unknown", func(w *logworld.World) {
			w.Sign["refusal"] = logworld.Stranger
			w.Refuse(marketops.Expired)
			delete(w.Store, path(w, 8))
		}},
		"a leaf of an unknown kind": {verifier.Indeterminate, "record-unknown", func(w *logworld.World) { w.Log.Append([]byte(`{"kind":"shard-sealed"}`)) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			w.Live()
			if r := judge(w); !r.Verified() {
				t.Fatal("control:", describe(r))
			}
			tc.bend(w)
			r := judge(w)
			if r.Verdict != tc.want || !slices.Contains(codes(r), string(tc.code)) || r.ExitCode() != 11 {
				t.Errorf("want %s %s\n%s", tc.want, tc.code, describe(r))
			}
		})
	}
}

// TestErasedVoteOfSomebodyElse: what Bob wrote cannot be a veto, what Dave wrote can, unless it stands below
// the run's submission.
func TestErasedVoteOfSomebodyElse(t *testing.T) {
	for name, tc := range map[string]struct {
		by      *crypto.PrivateKey
		earlier bool
		want    verifier.Verdict
	}{"not an approver": {logworld.Bob, false, verifier.Verified}, "an approver": {logworld.Dave, false, verifier.Indeterminate},
		"an approver, in an earlier run": {logworld.Dave, true, verifier.Verified}} {
		w := logworld.New()
		if tc.earlier {
			old := w.Vote(w.Submit(), tc.by, "reject")
			delete(w.Store, log.RecordPath(old.Record.LeafHash()))
			w.Run, w.Ops, tc.by = marketops.NewRunID([16]byte{2}), []marketops.Operation{logworld.Release("v2")}, logworld.Bob
		}
		sub := w.Submit()
		a, b := w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")
		erased := w.Vote(sub, tc.by, "reject")
		w.Authorize(0, sub, a, b)
		delete(w.Store, log.RecordPath(erased.Record.LeafHash()))
		if r := judge(w); r.Verdict != tc.want {
			t.Errorf("%s: %s", name, describe(r))
		}
	}
}

func TestUnknownRecordsAreCounted(t *testing.T) {
	w := logworld.New()
	l := w.Live()
	payload := bytes.Replace(l.Outcome.Record.Opened.Payload, []byte("marketops/outcome/v2"), []byte("marketops/outcome/v3"), 1)
	env, err := crypto.Sign(receipt.PayloadType, payload, logworld.Publisher)
	if err != nil {
		t.Fatal(err)
	}
	ring, _ := crypto.NewKeyring(logworld.Publisher.Public())
	o, err := crypto.Open(env, receipt.PayloadType, ring)
	if err != nil {
		t.Fatal(err)
	}
	w.Log.Append(log.Leaf(o))
	w.Store[log.RecordPath(log.LeafHash(log.Leaf(o)))] = env
	r := judge(w)
	if r.Verdict != verifier.Indeterminate || r.Code != marketops.RecordUnknown || !slices.Contains(r.Counts, verifier.Count{Name: "unknown", Count: 1}) {
		t.Error(describe(r), r.Counts)
	}
}

// TestRootOfAPublisher: a publisher says that it acted on a checkpoint of another log under the same name. It is the
// publisher's word, and no alarm against the log.
func TestRootOfAPublisher(t *testing.T) {
	w := logworld.New()
	w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Checkpoint.Root = log.Hash{1} }
	w.Live()
	r := judge(w)
	if !slices.Equal(codes(r), []string{"root-disputed"}) || r.ExitCode() != verifier.ExitFailed || r.Fork != nil {
		t.Error(describe(r))
	}
	if text := describe(r); !strings.Contains(fmt.Sprint(r.Checks), "publisher pub1 says that it saw another root") {
		t.Error(text)
	}
}

// TestOneRecordTwice: a crash between an append and its index leaves the same leaf there twice.
func TestOneRecordTwice(t *testing.T) {
	w := logworld.New()
	logworld.Unknown(w)
	sub := w.Submit()
	w.Append(sub.Record)
	a, b := w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")
	w.Append(a.Record)
	rec := w.Authorize(0, sub, a, b)
	w.Append(rec.Record)
	claim := w.Claim(rec, logworld.Publisher)
	w.Append(claim.Record)
	w.Announce(claim, logworld.Publisher)
	intent := w.Append(w.Entries[len(w.Entries)-1].Record) // the outcome names the second place
	w.Finish(intent, logworld.Publisher)
	out := w.Append(w.Entries[len(w.Entries)-1].Record)
	logworld.Resolve(w, out, logworld.Alice)
	w.Append(w.Entries[len(w.Entries)-1].Record)
	seal := w.Close()
	w.Append(seal.Record)
	if r := judge(w); !r.Verified() {
		t.Error(describe(r))
	}
}

func TestMissingOutcome(t *testing.T) {
	w := logworld.New()
	l := w.Begin()
	due := l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt + 86400
	for at, want := range map[marketops.Time]verifier.Verdict{0: verifier.Verified, due - 1: verifier.Verified, due: verifier.Indeterminate} {
		r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{At: at})
		if r.Verdict != want || want != verifier.Verified && r.Code != marketops.OutcomeMissing {
			t.Errorf("at %d: %s", at, describe(r))
		}
	}
	// The log's own time passes with what the ledger signs.
	w.Now, w.Run = due, marketops.NewRunID([16]byte{2})
	w.Ops = []marketops.Operation{logworld.Release("v2.0.0")}
	sub := w.Submit()
	rec := w.Authorize(0, sub, w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve"))
	if r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{}); !r.Verified() {
		t.Error("what others sign is no ledger time:", describe(r))
	}
	w.Claim(rec, logworld.Publisher)
	if r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{}); r.Code != marketops.OutcomeMissing {
		t.Error(describe(r))
	}
}

// TestResourceNeedsDocuments: that two receipts were live for one tag shows in their documents alone.
func TestResourceNeedsDocuments(t *testing.T) {
	w := logworld.New()
	other := logworld.Release("v1.4.0")
	other.Release.Body = "Other notes"
	w.Ops = append(w.Ops, other)
	l := w.Allow()
	second := w.Authorize(1, l.Submission, l.First, l.Other)
	w.Claim(l.Receipt, logworld.Publisher)
	w.Claim(second, logworld.Other)
	if r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{}); !r.Verified() || !strings.Contains(strings.Join(r.NotCovered, "\n"), "--operations") {
		t.Error(describe(r), r.NotCovered)
	}
	if r := judge(w); !slices.Equal(codes(r), []string{"operation-in-flight"}) {
		t.Error(describe(r))
	}
}

// grown plays n whole lives after each other.
func grown(t testing.TB, n int) *logworld.World {
	t.Helper()
	w := logworld.New()
	w.Ops = nil
	for i := range n {
		w.Ops = append(w.Ops, logworld.Release(fmt.Sprintf("v1.%d", i)))
	}
	sub := w.Submit()
	a, b := w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")
	for i := range n {
		w.Edit["approval"] = func(b receipt.Body) { b.(*receipt.Approval).ExpiresAt += 86400 }
		w.Finish(w.Announce(w.Claim(w.Authorize(i, sub, a, b), logworld.Publisher), logworld.Publisher), logworld.Publisher)
	}
	w.Close()
	return w
}

// TestManyBundles crosses the borders of batches, bundles and tiles.
func TestManyBundles(t *testing.T) {
	w := grown(t, 140) // 564 entries
	r := judge(w)
	if !r.Verified() || !slices.Contains(r.Counts, verifier.Count{Name: "outcome", Count: 140}) {
		t.Fatal(describe(r), r.Counts)
	}
	w.Log.Collected = true
	if r := judge(w); !r.Verified() {
		t.Error("partial tiles gone:", describe(r))
	}
	b := w.Store[path(w, 500)]
	b[bytes.Index(b, []byte(`"payload":"`))+200] ^= 1
	if r := judge(w); r.Verified() || !slices.ContainsFunc(r.Checks, func(c verifier.Check) bool { return c.Subject == "leaf 500" }) {
		t.Error("a record changed:", describe(r))
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	for name, text := range map[string]string{secret: "x", filepath.Join(dir, "checkpoint"): "hello"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "tile"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := audit.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := f.ReadFile("checkpoint"); err != nil || string(b) != "hello" {
		t.Error(string(b), err)
	}
	if _, err := f.ReadFile("tile/0/000"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Symlink(secret, filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"link", "tile", "../secret", secret} {
		if b, err := f.ReadFile(name); err == nil {
			t.Errorf("%s was read: %q", name, b)
		}
	}
	if _, err := audit.OpenFolder(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there")
	}
}
