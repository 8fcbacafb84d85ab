package core_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/audit"
)

// adopted returns the versions that the log took into force, in their order.
func adopted(w *world.World) (out []int64) {
	w.Helper()
	for _, row := range got(w.Ledger.Adoptions(context.Background()))(w) {
		rec := got(receipt.Open(got(log.ReadRecord(os.DirFS(w.Options.Config.Records).(log.TileReader), row.Leaf))(w), w.Core.Trust().Ring()))(w)
		out = append(out, rec.Body.(*receipt.TrustAdopted).Trust.Version)
	}
	return out
}

// requireAudit audits the whole log under a trust file.
func requireAudit(w *world.World, t *trust.Trust) {
	w.Helper()
	newest, _, err := w.Ledger.Newest(context.Background())
	must(w, err)
	w.Tree(newest)
	tiles, records := got(audit.OpenFolder(w.Options.Config.Log))(w), got(audit.OpenFolder(w.Options.Config.Records))(w)
	defer tiles.Close()
	defer records.Close()
	operations := got(audit.OpenFolder(filepath.Join(w.Dir, "documents")))(w)
	defer operations.Close()
	if r := audit.Audit(tiles, records, t, audit.Options{Operations: operations}); !r.Verified() {
		w.Errorf("the audit says %s, %s: %+v", r.Verdict, r.Code, r.Checks)
	}
}

// publishUnder publishes under the version in force, however often that changes meanwhile.
func publishUnder(s *world.Run, want api.ClaimWanted) error {
	ctx := context.Background()
	for {
		want.Trust = s.Core.Trust().Version()
		c, err := s.Client("pub").Claim(ctx, want)
		if marketops.CodeOf(err) == marketops.TrustRolledBack {
			continue
		}
		if err != nil {
			return err
		}
		e, err := s.Intend(0, "pub", c)
		if err == nil {
			_, err = s.Client("pub").Execute(ctx, s.Fence(0, c.Claim.Epoch))
		}
		if err == nil {
			_, err = s.Client("pub").Attempt(ctx, s.Effect(0, c.Claim.Epoch))
		}
		if err == nil {
			var tree *log.Tree
			if tree, err = view.New(s.Client(""), s.Core.Trust().Log(), s.TempDir()).Covering(ctx, e.Position.Index); err != nil {
				return err
			}
			seen := receipt.SeenAt(tree.Checkpoint())
			_, err = s.Client("pub").Outcome(ctx, s.OutcomeOf(0, "pub", c.Claim.Epoch, e.Position, func(o *receipt.Outcome) { o.Checkpoint = &seen }))
		}
		return err
	}
}

func publish(s *world.Run) {
	s.Helper()
	must(s, publishUnder(s, s.Wanted(0, "pub")))
}

// TestVersionsUnderLoad: while receipts are issued and used, the trust file changes again and again, keys and
// persons with it. Every record was taken under the version that is in force at its place.
func TestVersionsUnderLoad(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	var work sync.WaitGroup
	errs := make(chan error, 64)
	begin := func() {
		s := w.Ready()
		want := s.Wanted(0, "pub")
		work.Go(func() { errs <- publishUnder(s, want) })
	}
	for version := int64(2); version <= 7; version++ {
		for range 4 {
			begin()
		}
		w.WriteTrust(version, func(f *trust.File) {
			f.MaxLifetime -= version
			if version%2 == 0 {
				f.Publishers[1] = w.TrustKey("stranger")
			}
		})
		w.Core.Sweep(context.Background())
	}
	work.Wait()
	close(errs)
	for err := range errs {
		must(t, err)
	}
	if got := adopted(w); len(got) != 6 || got[5] != 7 {
		t.Errorf("the log took %v into force", got)
	}
	requireAudit(w, w.Core.Trust())
	w.Restart()
	publish(w.Ready())
	requireAudit(w, w.Core.Trust())
}

// TestCallUnderWay: a receipt that is being issued while a version comes into force stands below that version.
func TestCallUnderWay(t *testing.T) {
	t.Parallel()
	var hold atomic.Bool
	held, release := make(chan bool), make(chan bool)
	w := world.New(t, func(w *world.World) {
		w.Options.Free = func(string) (uint64, error) {
			if hold.CompareAndSwap(true, false) {
				held <- true
				<-release
			}
			return 1 << 40, nil
		}
	})
	s := w.NewRun().Submit().Approve("alice")
	hold.Store(true)
	var work sync.WaitGroup
	work.Go(func() {
		if _, err := s.Client("bob").Authorize(context.Background(), s.ID); err != nil {
			t.Error(err)
		}
	})
	<-held
	w.WriteTrust(2, nil)
	swept := make(chan bool)
	go func() {
		defer close(swept)
		w.Core.Sweep(context.Background())
	}()
	select {
	case <-swept:
		t.Error("a version came into force under a call")
	case <-time.After(300 * time.Millisecond):
	}
	close(release)
	work.Wait()
	<-swept
	if v := w.Core.Trust().Version(); v != 2 {
		t.Errorf("version %d is in force", v)
	}
	requireAudit(w, w.Core.Trust())
}

// TestApproverWhoLeft: an approval counts no more once its person is not listed; the others still do, and one that
// is missing can be given by another person. A rejection by such a person stands.
func TestApproverWhoLeft(t *testing.T) {
	t.Parallel()
	w := world.New(t, func(w *world.World) { w.Edit = func(f *trust.File) { f.Approvals[0].Threshold = 2 } })
	s := w.NewRun().Submit().Approve("alice", "dora")
	vetoed := w.NewRun().Submit().Approve("alice", "carol")
	got(vetoed.VoteAs("dora", func(a *receipt.Approval) { a.Verdict = receipt.Reject }))(t)
	w.WriteTrust(2, func(f *trust.File) {
		f.Persons = slices.DeleteFunc(f.Persons, func(p trust.Person) bool { return p.ID == "dora" })
	})
	w.Core.Sweep(context.Background())
	if d := s.Decide(); d.Authorized {
		t.Fatal("an approval of a person who left still counts")
	}
	s.Approve("carol").Authorize()
	publish(s)
	if _, err := vetoed.Client("bob").Authorize(context.Background(), vetoed.ID); marketops.CodeOf(err) != marketops.KeyUnknown {
		t.Errorf("a rejection under a key that is listed no more: %v", err)
	}
	requireAudit(w, w.Core.Trust())
}

// TestOtherBytes: other bytes under the number of the version in force are not that version, after a restart either,
// once the log has begun.
func TestOtherBytes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	w.Stop()
	w.WriteTrust(1, func(f *trust.File) { f.MaxLifetime = 7200 })
	w.Start()
	if n := w.Core.Trust().File().MaxLifetime; n != 7200 {
		t.Fatalf("an empty log goes by a file with %d", n)
	}
	publish(w.Ready())
	w.Stop()
	for _, version := range []int64{1, 2} {
		if version == 2 {
			w.WriteTrust(2, nil)
			w.Start()
			w.Stop()
		}
		good := got(os.ReadFile(filepath.Join(w.Dir, "trust.json")))(t)
		w.WriteTrust(version, func(f *trust.File) { f.Expires-- })
		_, err := core.Open(ctx, w.Options)
		wantCode(t, err, marketops.TrustRolledBack)
		must(t, os.WriteFile(filepath.Join(w.Dir, "trust.json"), good, 0o600))
	}
	w.Start()
	w.File.Version = 2
	publish(w.Ready())
	requireAudit(w, w.Core.Trust())
}

// TestAdoptionCutShort: a Core that ends between freezing what takes a version into force and appending it appends
// it at the next start, once, and is under that version from then on.
func TestAdoptionCutShort(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	w.Core.Quiet()
	old := got(os.ReadFile(filepath.Join(w.Dir, "trust.json")))(t)
	first := w.Trust
	w.WriteTrust(2, nil)
	w.Freeze(got(w.Issuer.Adopted(w.Trust, first))(t))
	w.Stop()
	next := got(os.ReadFile(filepath.Join(w.Dir, "trust.json")))(t)
	must(t, os.WriteFile(filepath.Join(w.Dir, "trust.json"), old, 0o600))
	_, err := core.Open(context.Background(), w.Options)
	wantCode(t, err, marketops.TrustRolledBack)
	must(t, os.WriteFile(filepath.Join(w.Dir, "trust.json"), next, 0o600))
	w.Start()
	if got := adopted(w); w.Core.Trust().Version() != 2 || len(got) != 1 {
		t.Errorf("version %d is in force, the log took %v into force", w.Core.Trust().Version(), got)
	}
	publish(s)
	publish(w.Ready())
	requireAudit(w, w.Core.Trust())
}

// TestFirstVersion: a log that begins under a later version says so in its first leaf.
func TestFirstVersion(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	w.Stop()
	w.WriteTrust(2, nil)
	w.Start()
	publish(w.Ready())
	if got := adopted(w); len(got) != 1 || got[0] != 2 {
		t.Errorf("the log took %v into force", got)
	}
	requireAudit(w, w.Core.Trust())
}

// TestEffective: a version waits until it is effective, through a restart too, and a log does not begin under one
// that is not.
func TestEffective(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.Ready()
	at := w.Now() + 3600
	w.WriteTrust(2, func(f *trust.File) { f.Effective = at })
	for range 2 {
		w.Core.Sweep(ctx)
		if v := w.Core.Trust().Version(); v != 1 {
			t.Fatalf("version %d is in force an hour early", v)
		}
		w.Restart()
	}
	publish(s)
	w.Pass(time.Hour - time.Second)
	w.Core.Sweep(ctx)
	if v := w.Core.Trust().Version(); v != 1 {
		t.Errorf("version %d is in force a second early", v)
	}
	w.Pass(time.Second)
	w.Core.Sweep(ctx)
	if v := w.Core.Trust().Version(); v != 2 {
		t.Errorf("version %d is in force when version 2 is effective", v)
	}
	publish(w.Ready())
	requireAudit(w, w.Core.Trust())

	young := world.New(t)
	young.Stop()
	young.WriteTrust(2, func(f *trust.File) { f.Effective = young.Now() + 60 })
	_, err := core.Open(ctx, young.Options)
	wantCode(t, err, marketops.NotYetValid)
}

// TestWhileAVersionWaits: until a version is effective it revokes no key, through a restart too, and a changed policy
// does not wait for it.
func TestWhileAVersionWaits(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	w.WriteTrust(2, func(f *trust.File) {
		f.Effective = w.Now() + 3600
		f.Publishers[0].RevokedFrom = []log.Position{{Origin: world.Origin}}
	})
	w.Restart()
	publish(s)
	before := w.Core.Info().Policy
	rules := filepath.Join(w.Dir, "policy", "more.cedar")
	must(t, os.WriteFile(rules, []byte("// a line more\n"), 0o600))
	w.Core.Sweep(context.Background())
	if is := w.Core.Info(); is.Policy == before || is.Trust != 1 {
		t.Errorf("%+v", is)
	}
	w.Pass(time.Hour)
	w.Core.Sweep(context.Background())
	_, err := w.Ready().Claim(0, "pub")
	wantCode(t, err, marketops.KeyRevoked)
}

// TestTooLate: a version that should have been in force while receipts were issued is refused, also as one that a
// later version passes over.
func TestTooLate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, late := range map[string]marketops.Time{"in time": trust.AdoptWithin, "a second late": trust.AdoptWithin + 1} {
		w := world.New(t)
		effective := w.Now()
		w.Pass(time.Duration(late) * time.Second)
		publish(w.Ready())
		w.WriteTrust(2, func(f *trust.File) { f.Effective = effective })
		w.Core.Sweep(ctx)
		want := int64(2)
		if late > trust.AdoptWithin {
			want = 1
			w.Stop()
			_, err := core.Open(ctx, w.Options)
			wantCode(t, err, marketops.TrustRolledBack)
			w.WriteTrust(2, nil)
			w.Start()
			want = 2
		}
		if v := w.Core.Trust().Version(); v != want {
			t.Errorf("%s: version %d is in force", name, v)
		}
		requireAudit(w, w.Core.Trust())
	}
	w := world.New(t)
	w.WriteTrust(2, nil)
	passedOver := w.Trust
	must(t, os.MkdirAll(filepath.Join(w.Options.Config.Records, "trust"), 0o755))
	must(t, os.WriteFile(filepath.Join(w.Options.Config.Records, log.TrustPath(passedOver.Digest())), passedOver.Text(), 0o644))
	w.Pass(time.Hour)
	w.Ready()
	w.WriteTrust(3, func(f *trust.File) { f.Previous = passedOver.Digest() })
	w.Stop()
	_, err := core.Open(ctx, w.Options)
	wantCode(t, err, marketops.TrustRolledBack)
}

// TestLostVersion: a Core that cannot tell which version is in force does not start, and changes nothing.
func TestLostVersion(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	publish(w.Ready())
	w.WriteTrust(2, nil)
	w.Core.Sweep(context.Background())
	w.WriteTrust(4, func(f *trust.File) { f.Previous = marketops.DigestOf([]byte("version 3")) })
	w.Stop()
	_, err := core.Open(context.Background(), w.Options)
	wantCode(t, err, marketops.TrustUnavailable)
	w.WriteTrust(4, nil)
	kept := filepath.Join(w.Options.Config.Records, "trust")
	must(t, os.Rename(kept, kept+".away"))
	_, err = core.Open(context.Background(), w.Options)
	wantCode(t, err, marketops.TrustUnavailable)
	must(t, os.Rename(kept+".away", kept))
	w.Start()
	publish(w.Ready())
	requireAudit(w, w.Core.Trust())
}
