package claims

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

const (
	start   = marketops.Time(1_800_000_000)
	expiry  = start + 6*3600
	lease   = time.Minute
	alice   = crypto.KeyID("SHA256:alice")
	bob     = crypto.KeyID("SHA256:bob")
	coreKey = crypto.KeyID("SHA256:core")
)

// roles run the test binary as a child process; see crash_test.go.
var roles = map[string]func(path string){}

func TestMain(m *testing.M) {
	if role := roles[os.Getenv("CLAIMS_ROLE")]; role != nil {
		role(os.Getenv("CLAIMS_PATH"))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type clock struct{ at atomic.Int64 }

func newClock() *clock                   { c := &clock{}; c.at.Store(int64(start)); return c }
func (c *clock) now() marketops.Time     { return marketops.Time(c.at.Load()) }
func (c *clock) add(d time.Duration)     { c.at.Add(int64(d / time.Second)) }
func (c *clock) set(t marketops.Time)    { c.at.Store(int64(t)) }
func seeded(what string, i int) [32]byte { return sha256.Sum256(fmt.Appendf(nil, "%s/%d", what, i)) }

func half(d [32]byte) (h [16]byte) { copy(h[:], d[:]); return h }

// fixture is a ledger on a real file with a clock of its own.
type fixture struct {
	*Ledger
	t     testing.TB
	path  string
	clock *clock
}

func open(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "claims.db"), clock: newClock()}
	f.reopen()
	t.Cleanup(func() { f.Close() })
	return f
}

func (f *fixture) reopen() {
	f.t.Helper()
	if f.Ledger != nil {
		if err := f.Close(); err != nil {
			f.t.Fatal(err)
		}
	}
	l, err := Open(f.path, f.clock.now)
	if err != nil {
		f.t.Fatal(err)
	}
	f.Ledger = l
}

var ctx = context.Background()

// ask is receipt i for operation i, asked for by owner.
func ask(i int, owner crypto.KeyID) NewClaim {
	n := NewClaim{
		Receipt: marketops.NewReceiptID(half(seeded("receipt", i))), Run: marketops.NewRunID(half(seeded("run", i))),
		OpKey: seeded("key", i), OpDigest: seeded("op", i), ReceiptDigest: seeded("rd", i),
		Kind: marketops.TagRepo, Owner: owner, ExpiresAt: expiry, Lease: lease, Trust: 3,
	}
	n.Build, n.Guard = n.claimRecord, pass
	return n
}

func (n NewClaim) claimRecord(epoch int64, prev marketops.Digest) (Record, error) {
	r := n.record(KindClaim, epoch, string(n.Owner))
	r.Envelope = append(r.Envelope, prev[:]...)
	return r, nil
}

// record makes a record whose leaf and digest depend on all that it says.
func (n NewClaim) record(kind string, epoch int64, says string) Record {
	env := fmt.Appendf(nil, "%s|%s|%s|%s|", kind, n.Receipt, n.Run, says)
	env = binary.BigEndian.AppendUint64(env, uint64(epoch))
	leaf := sha256.Sum256(env)
	return Record{Leaf: leaf, Digest: sha256.Sum256(leaf[:]), Kind: kind, Run: n.Run, Receipt: n.Receipt, Epoch: epoch, Envelope: env}
}

func (n NewClaim) outcome(epoch int64, o Outcome) Record {
	return n.record(KindOutcome, epoch, string(o))
}

func pass(Claim, []Record) error { return nil }

// wantCode fails unless err carries code; "" wants success.
func wantCode(t testing.TB, err error, code marketops.Code) {
	t.Helper()
	if got := marketops.CodeOf(err); got != code || (code == "") != (err == nil) {
		t.Fatalf("got %v (code %q), want code %q", err, got, code)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (f *fixture) claim(n NewClaim) Claim {
	f.t.Helper()
	c, _, err := f.Claim(ctx, n)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// walk brings receipt i of alice to a state by the ordinary way.
func (f *fixture) walk(i int, to State, o Outcome) (NewClaim, Claim) {
	f.t.Helper()
	n := ask(i, alice)
	c := f.claim(n)
	if to == Claimed {
		return n, c
	}
	if o != Rejected {
		c = must[Claim](f.t)(f.Execute(ctx, n.Receipt, 1, alice, lease, pass))
	}
	if to == Executing {
		return n, c
	}
	c = must[Claim](f.t)(f.Decide(ctx, n.Receipt, 1, alice, o, n.outcome(1, o)))
	if to == Decided {
		return n, c
	}
	if err := f.CloseClaim(ctx, n.Receipt, 1, uint64(i)); err != nil {
		f.t.Fatal(err)
	}
	return n, f.get(n)
}

func (f *fixture) get(n NewClaim) Claim {
	f.t.Helper()
	c, _, err := f.Get(ctx, n.Receipt)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// intact runs SQLite's own full check on the open database.
func (f *fixture) intact() {
	f.t.Helper()
	got, err := do(ctx, f.Ledger, func(t *tx) (s string, err error) {
		_, err = t.get("PRAGMA integrity_check", nil, &s)
		return s, err
	})
	if err != nil || got != "ok" {
		f.t.Fatalf("integrity_check: %s %v", got, err)
	}
}
