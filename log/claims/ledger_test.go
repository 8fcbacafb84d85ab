package claims

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
)

func TestReopenKeepsEverything(t *testing.T) {
	f := open(t)
	var before []Claim
	var asked []NewClaim
	for i, s := range situations {
		asked = append(asked, s.reach(f, i))
	}
	// A second life on purpose: what was acknowledged must come back from the disk.
	for _, n := range asked {
		before = append(before, f.get(n))
	}
	outbox := must[[]Record](t)(f.Unindexed(ctx))
	f.reopen()
	for i, n := range asked {
		if got := f.get(n); got != before[i] {
			t.Errorf("%s: %+v became %+v", situations[i].name, before[i], got)
		}
	}
	if got := must[[]Record](t)(f.Unindexed(ctx)); fmt.Sprint(got) != fmt.Sprint(outbox) {
		t.Errorf("outbox changed:\n%v\n%v", outbox, got)
	}
	f.intact()
}

func TestSecondOpenIsRefused(t *testing.T) {
	f := open(t)
	_, err := Open(f.path, f.clock.now)
	wantCode(t, err, marketops.CoreAlreadyRunning)
	// Without the lock file SQLite's own lock still holds.
	if err := os.Remove(f.path + ".lock"); err != nil {
		t.Fatal(err)
	}
	_, err = Open(f.path, f.clock.now)
	wantCode(t, err, marketops.CoreAlreadyRunning)
	f.claim(ask(1, alice)) // the holder is not disturbed
	f.reopen()             // control: once closed, it opens
	if c := f.get(ask(1, alice)); c.State != Claimed {
		t.Fatalf("%+v", c)
	}
}

func TestClosedLedgerRefuses(t *testing.T) {
	f := open(t)
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	_, _, err := f.Claim(ctx, ask(1, alice))
	wantCode(t, err, marketops.LedgerUnavailable)
	_, _, err = f.Get(ctx, ask(1, alice).Receipt)
	wantCode(t, err, marketops.LedgerUnavailable)
}

// Every call either is answered from a committed transaction or refused; none hangs.
func TestCloseDuringLoad(t *testing.T) {
	f := open(t)
	got := tally(race(200, func(i int) error {
		if i == 100 {
			return f.Close()
		}
		_, _, err := f.Claim(ctx, ask(i, alice))
		return err
	}))
	f.Ledger = nil
	f.reopen()
	live := must[[]Claim](t)(f.Live(ctx))
	if len(live) != got[""]-1 || got[""]+got[marketops.LedgerUnavailable] != 200 {
		t.Fatalf("%d live claims after %v", len(live), got)
	}
}

func TestCancelledRequestDoesNothing(t *testing.T) {
	f := open(t)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, _, err := f.Claim(gone, ask(1, alice))
	wantCode(t, err, marketops.LedgerUnavailable)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, found, _ := f.Get(ctx, ask(1, alice).Receipt); found {
		t.Error("a cancelled claim left a row")
	}
}

func TestForeignAndDamagedFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	foreign := filepath.Join(dir, "foreign.db")
	if err := os.WriteFile(text, []byte("this is no database, but it is long enough to have a header page of its own"), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE other(x)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, path := range []string{text, foreign, dir, filepath.Join(dir, "no", "such", "folder.db")} {
		l, err := Open(path, newClock().now)
		if l != nil {
			l.Close()
		}
		wantCode(t, err, marketops.LedgerUnavailable)
	}
	_, err = Open(filepath.Join(dir, "clockless.db"), nil)
	wantCode(t, err, marketops.LedgerUnavailable)
}

func TestDamagedPageIsRefused(t *testing.T) {
	f := open(t)
	for i := range 200 {
		f.claim(ask(i, alice))
	}
	f.reopen() // control, and the WAL moves into the file
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 8 * 4096; i < 9*4096; i++ {
		raw[i] ^= 0xff
	}
	if err := os.WriteFile(f.path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(f.path, f.clock.now)
	wantCode(t, err, marketops.LedgerUnavailable)
}

func TestFilesArePrivateAndPathsAreLiteral(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?mode=memory&x=%20#.db")
	l, err := Open(path, newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, _, err := l.Claim(ctx, ask(1, alice)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + ".lock"} {
		if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, st, err)
		}
	}
}

// The database itself refuses what the statements would never ask for.
func TestSchemaGuards(t *testing.T) {
	f := open(t)
	n, _ := f.walk(1, Closed, Success)
	f.walk(2, Executing, "")
	for _, q := range []string{
		`DELETE FROM claim`,
		`UPDATE claim SET state = 'claimed', outcome = '', outcome_leaf = NULL, decided_at = NULL WHERE state = 'closed'`,
		`UPDATE claim SET outcome = 'failed' WHERE state = 'closed'`,
		`UPDATE claim SET epoch = epoch - 1`,
		`UPDATE claim SET attempts = -1`,
		`UPDATE claim SET attempts = 17`,
		`UPDATE claim SET state = 'free'`,
		`UPDATE claim SET state = 'decided' WHERE state = 'executing'`,
		`UPDATE claim SET lease_until = 'soon'`,
		`DELETE FROM transition`,
		`UPDATE transition SET actor = 'nobody'`,
		`UPDATE frozen SET envelope = NULL WHERE log_index IS NULL`,
	} {
		_, err := do(ctx, f.Ledger, func(t *tx) (int64, error) { return t.exec(q) })
		if !errors.Is(err, errConstraint) {
			t.Errorf("%s: %v", q, err)
		}
	}
	if c := f.get(n); c.Outcome != Success {
		t.Fatalf("%+v", c)
	}
	f.intact()
}

// A real SQLITE_FULL in the middle of a batch: nobody is told yes, and the ledger goes on once
// there is room.
func TestFullDatabaseVoidsTheBatchAndHeals(t *testing.T) {
	f := open(t)
	f.claim(ask(0, alice))
	pages := func(pragma string) (n int64) {
		n, err := do(ctx, f.Ledger, func(t *tx) (n int64, err error) { _, err = t.get(pragma, nil, &n); return n, err })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	limit := pages("PRAGMA page_count") + 4
	pages(fmt.Sprintf("PRAGMA max_page_count = %d", limit))
	big := func(i int) Record {
		env := make([]byte, 8<<10)
		copy(env, fmt.Sprint(i))
		leaf := sha256.Sum256(env)
		return Record{Leaf: leaf, Digest: leaf, Kind: "note", Envelope: env}
	}
	errs := race(64, func(i int) error { return f.Freeze(ctx, big(i)) })
	got := tally(errs)
	if got[marketops.DiskFull] == 0 || got[""]+got[marketops.DiskFull] != 64 {
		t.Fatal(got)
	}
	pages("PRAGMA max_page_count = 100000")
	for i, err := range errs {
		if _, found, e := f.ByLeaf(ctx, big(i).Leaf); e != nil || found != (err == nil) {
			t.Fatalf("record %d: answered %v, found %v %v", i, err, found, e)
		}
	}
	wantCode(t, f.Freeze(ctx, big(100)), "")
	f.intact()
}
