package recorder

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

var errDisk = errors.New("the disk failed")

// failingOutbox is a ledger that can fail to note the place of a record.
type failingOutbox struct {
	Outbox
	broken atomic.Bool
}

func (o *failingOutbox) Indexed(ctx context.Context, leaf [32]byte, index uint64) error {
	if o.broken.Load() {
		return errDisk
	}
	return o.Outbox.Indexed(ctx, leaf, index)
}

func newRecorder(t *testing.T) (*Recorder, *failingOutbox) {
	dir, ctx := t.TempDir(), context.Background()
	ledger, err := claims.Open(filepath.Join(dir, "claims.db"), func() marketops.Time { return sample.Noon })
	must(t, err)
	t.Cleanup(func() { ledger.Close() })
	l := logtest.New("log.example", logtest.Key(sample.KeyLog))
	tr, err := trust.Parse(sample.TrustText(t, sample.NewTrust(l)))
	must(t, err)
	outbox := &failingOutbox{Outbox: ledger}
	r, err := Open(ctx, Options{Log: filepath.Join(dir, "log"), Records: filepath.Join(dir, "records"), Mark: filepath.Join(dir, "mark"),
		Origin: l.Origin, Checkpoint: l.Key, Outbox: outbox, Trust: func() *trust.Trust { return tr },
		Ended: func(marketops.RunID) {}, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { r.Close(ctx) })
	return r, outbox
}

func newRecord(t *testing.T, n int) *receipt.Record {
	b := sample.Bodies()[receipt.KindSubmission].(*receipt.Submission)
	b.Header = sample.Header(n, sample.Noon)
	return sample.Seal(t, b, sample.KeyRequester)
}

// TestAppendedTwice: a record whose place could not be noted, and that is appended again while another
// one has been, keeps the first of its two places. An audit counts that one, and a seal names it.
func TestAppendedTwice(t *testing.T) {
	r, outbox := newRecorder(t)
	ctx := context.Background()
	control, err := r.Record(ctx, newRecord(t, 1000))
	must(t, err)
	for i := range 5 {
		torn := newRecord(t, 2*i)
		outbox.broken.Store(true)
		if _, err := r.Record(ctx, torn); !errors.Is(err, errDisk) {
			t.Fatalf("the failure is lost: %v", err)
		}
		outbox.broken.Store(false)
		between, err := r.Record(ctx, newRecord(t, 2*i+1))
		must(t, err)
		again, err := r.Append(ctx, Frozen(torn), torn)
		must(t, err)
		if again.Position.Index >= between.Position.Index || again.Position.Index <= control.Position.Index {
			t.Errorf("it is noted at %d, behind the one that came after it at %d", again.Position.Index, between.Position.Index)
		}
		control = between
	}
}
