//go:build disk

package claims

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/omega/marketops"
)

// tmpfs mounts a file system of three megabytes.
func tmpfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Fatal("mounting a small tmpfs needs root: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// TestFullDisk fills a real file system; TestFullDatabaseVoidsTheBatchAndHeals does without one.
func TestFullDisk(t *testing.T) {
	dir := tmpfs(t)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, path: filepath.Join(dir, "claims.db"), clock: newClock()}
	f.reopen()
	defer func() { f.Close() }()
	const workers = 8
	acked := make([]int, workers)
	errs := race(workers, func(w int) error {
		for acked[w] < 10000 { // far more than three megabytes hold
			if _, _, err := f.Claim(ctx, ask(w+workers*acked[w], racer(w))); err != nil {
				return err
			}
			acked[w]++
		}
		return nil
	})
	for w, err := range errs {
		wantCode(t, err, marketops.DiskFull)
		if acked[w] == 0 {
			t.Errorf("worker %d never claimed: the test proves nothing", w)
		}
	}
	survived := func() {
		t.Helper()
		for w, n := range acked {
			for k := range n {
				if c := f.get(ask(w+workers*k, "")); c.State != Claimed || c.Owner != racer(w) {
					t.Fatalf("claim %d of worker %d was acknowledged and is %+v", k, w, c)
				}
			}
			if _, found, err := f.Get(ctx, ask(w+workers*n, "").Receipt); found || err != nil {
				t.Fatalf("worker %d was refused, yet there is a row (%v)", w, err)
			}
		}
		f.intact()
	}
	survived() // still full: what is held can be read
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	f.claim(ask(1<<20, alice)) // the same ledger goes on
	survived()
	f.reopen()
	survived()
}
