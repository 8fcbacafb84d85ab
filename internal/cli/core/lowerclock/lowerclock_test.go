package lowerclock

import (
	"bytes"
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/setup"
	"github.com/omega/marketops/log/claims"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lower runs the command line in this process.
func lower(args ...string) (exit int, out, talk string) {
	var o, e bytes.Buffer
	s := &cli.Streams{Name: "marketops-core", Out: &o, Err: &e}
	exit = cli.Main(New(s), s, args)
	return exit, o.String(), e.String()
}

// TestLowerClock lowers the mark of a stopped Core and leaves a trace.
func TestLowerClock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".marketops")
	_, err := setup.InitCore(setup.Options{Dir: dir, Origin: "log.example.com", Now: cli.Now(), Random: rand.Reader})
	must(t, err)
	ahead := marketops.TimeOf(time.Now()) + 86400
	at := func() marketops.Time { return ahead }
	l, err := claims.Open(filepath.Join(dir, "claims.db"), at)
	must(t, err)
	n := claims.NewClaim{Receipt: marketops.NewReceiptID([16]byte{1}), OpKey: marketops.Digest{1}, Run: marketops.NewRunID([16]byte{1}), Kind: marketops.TagRepo,
		OpDigest: marketops.Digest{2}, ReceiptDigest: marketops.Digest{3}, Owner: "SHA256:p", ExpiresAt: ahead + 3600, Lease: time.Minute, Trust: 1,
		Guard: func(claims.Claim, []claims.Record) error { return nil },
		Build: func(epoch int64, _ marketops.Digest) (claims.Record, error) {
			return claims.Record{Leaf: [32]byte{1}, Digest: marketops.Digest{4}, Kind: claims.KindClaim, Run: marketops.NewRunID([16]byte{1}),
				Receipt: marketops.NewReceiptID([16]byte{1}), Epoch: epoch, Envelope: []byte("{}")}, nil
		}}
	_, _, err = l.Claim(context.Background(), n)
	must(t, err)
	if exit, _, _ := lower("--dir", dir, "--to", (ahead - 86400).String(), "--reason", "ntp"); exit != cli.ExitError {
		t.Errorf("while the ledger is open: exit %d", exit)
	}
	must(t, l.Close())
	for _, args := range [][]string{{"--to", "yesterday", "--reason", "ntp"}, {"--to", ahead.String()}} {
		if exit, _, _ := lower(append([]string{"--dir", dir}, args...)...); exit != cli.ExitUsage {
			t.Errorf("%q: exit %d", args, exit)
		}
	}
	if exit, out, talk := lower("--dir", dir, "--to", (ahead - 86400).String(), "--reason", "ntp"); exit != 0 {
		t.Fatalf("exit %d: %s%s", exit, out, talk)
	}
	l, err = claims.Open(filepath.Join(dir, "claims.db"), at)
	must(t, err)
	defer l.Close()
	mark, _, err := l.Marks(context.Background())
	must(t, err)
	if mark != ahead-86400 {
		t.Errorf("the mark is %s", mark)
	}
	if h, err := l.History(context.Background(), ""); err != nil || len(h) != 1 || h[0].Reason != "ntp" {
		t.Errorf("history %+v, %v", h, err)
	}
}
