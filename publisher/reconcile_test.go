package publisher_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// stopped is a tag whose publisher was killed at a point.
func (s *stage) stopped(p point) *ending {
	s.Helper()
	e := &ending{op: s.tagOp, at: p, how: "killed", key: "pub"}
	e.begin(s)
	return e
}

// The points behind which the states lie.
var (
	afterIntent  = point{"intent", 1, false}
	afterExecute = point{"execute", 1, false}
	afterAttempt = point{"attempt", 1, false} // counted and not sent
	afterEffect  = point{"write", 2, true}    // GitHub did it, nobody here knows
)

// reconcile is one process that reconciles the one operation of a run. It never writes to GitHub.
func (e *ending) reconcile(s *stage, key string) (publisher.Standing, error) {
	s.Helper()
	folder := e.folder
	if key != "pub" {
		folder = e.run.folder()
	}
	p := e.run.sit(key, folder)
	defer p.leave()
	before := len(s.hub.Mutations())
	st, err := p.Reconcile(context.Background(), p.jobs[0])
	if n := len(s.hub.Mutations()) - before; n != 0 {
		s.Errorf("reconcile wrote to GitHub %d times", n)
	}
	return st, err
}

func (e *ending) standing(s *stage, key string) publisher.Standing {
	s.Helper()
	st, err := e.reconcile(s, key)
	s.ok(err)
	return st
}

// undecided demands that nothing is decided, and that publishing goes on to success.
func (e *ending) undecided(s *stage, st publisher.Standing, claim api.State, status receipt.Status) {
	s.Helper()
	if st.Claim != claim || st.Status != status || !st.Resume || len(st.Entry.Envelope) != 0 {
		s.Errorf("%+v", st)
	}
	if told := e.run.told(0); len(told.outcomes) != 0 {
		s.Errorf("leaves %q", told.names)
	}
	e.resume(s)
}

// takenBySomebody puts other content under the tag's name.
func (e *ending) takenBySomebody(s *stage) {
	s.Helper()
	s.ok(s.repo.SetRef("refs/tags/"+e.run.plan.Ops[0].Tag.Name, s.commit))
}

func (e *ending) decided(s *stage, st publisher.Standing, status receipt.Status, code marketops.Code) *receipt.Outcome {
	s.Helper()
	o := e.run.outcome(0)
	told := e.run.told(0)
	if st.Status != status || o.Status != status || o.Code != code || st.Entry.Digest != told.outcomes[0].Digest {
		s.Errorf("standing %s %v, outcome %s %s; want %s %s", st.Status, st.Err, o.Status, o.Code, status, code)
	}
	if status == "success" {
		e.run.shipped(0)
	}
	return o
}

func TestReconcileBeforeExecute(t *testing.T) {
	s := newStage(t)
	e := &ending{run: s.authorised(s.tagOp()), key: "pub"}
	e.folder = e.run.folder()
	before := len(s.hub.Requests())
	e.undecided(s, e.standing(s, "pub"), "none", "not-attempted")
	e = s.stopped(afterIntent)
	st := e.standing(s, "pub")
	if st.Seen != "" || before != 0 {
		t.Errorf("GitHub was asked: %+v", st)
	}
	e.undecided(s, st, "claimed", "not-attempted")

	e = s.stopped(afterIntent)
	_, err := s.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: e.run.plan.Receipt(0).ReceiptID, Reason: "no"})
	s.ok(err)
	st = e.standing(s, "pub")
	if st.Claim != "closed" || st.Resume || st.Status != "rejected" {
		t.Errorf("revoked while claimed: %+v", st)
	}
	world.WantCode(t, st.Err, marketops.Revoked)
	e.decided(s, st, "rejected", marketops.Revoked)

	e = &ending{run: s.authorised(s.tagOp()), key: "pub"}
	e.folder = e.run.folder()
	_, err = s.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: e.run.plan.Receipt(0).ReceiptID, Reason: "no"})
	s.ok(err)
	st = e.standing(s, "pub")
	if st.Claim != "revoked" || st.Resume || st.Status != "not-attempted" {
		t.Errorf("revoked before any claim: %+v", st)
	}
	world.WantCode(t, st.Err, marketops.Revoked)
}

func TestReconcileExecuting(t *testing.T) {
	s := newStage(t)
	found := s.stopped(afterEffect)
	st := found.standing(s, "pub")
	if o := found.decided(s, st, "success", ""); o.Epoch != 2 || st.URL == "" || st.Resume {
		t.Errorf("%+v, %+v", st, o)
	}

	taken := s.stopped(afterAttempt)
	taken.takenBySomebody(s)
	st = taken.standing(s, "pub")
	if o := taken.decided(s, st, "failed", marketops.GitHubConflict); len(o.Effects) != 1 || o.Effects[0].State != "absent" {
		t.Errorf("%+v", o)
	}
	world.WantCode(t, st.Err, marketops.GitHubConflict)

	for _, at := range []point{afterExecute, afterAttempt} {
		absent := s.stopped(at)
		absent.undecided(s, absent.standing(s, "pub"), "executing", "open")
	}

	gone := s.stopped(afterEffect)
	s.hub.Inject(githubtest.Fault{Path: "/repos/**", Action: githubtest.ResetBefore, Times: 50})
	st, err := gone.reconcile(s, "pub")
	s.hub.ClearFaults()
	if err == nil || len(gone.run.told(0).outcomes) != 0 || st.Claim != "executing" {
		t.Errorf("GitHub is unreachable: %+v, %v", st, err)
	}
	gone.decided(s, gone.standing(s, "pub"), "success", "")
	s.lawful()
}

// TestReconcileCopied: an equal tag is not the operation's own where the ledger counted no attempt for it.
func TestReconcileCopied(t *testing.T) {
	s := newStage(t)
	e := s.stopped(point{"write", 1, true}) // GitHub has the tag object, and no tag names it
	out, err := exec.Command("git", "--git-dir", s.repo.Dir(), "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)").Output()
	s.ok(err)
	_, object, found := strings.Cut(string(out), "tag ")
	if !found {
		t.Fatalf("no tag object: %s", out)
	}
	s.ok(s.repo.SetRef("refs/tags/"+e.run.plan.Ops[0].Tag.Name, object[:40]))
	st := e.standing(s, "pub")
	if o := e.decided(s, st, "rejected", marketops.GitHubConflict); o.Effects[0].State != "absent" || !strings.HasPrefix(st.Seen, "found") {
		t.Errorf("%s: %+v", st.Seen, o.Effects)
	}
	s.lawful()
}

// TestReconcileElsewhere: another publisher of the audience must wait for the lease, and then
// finds out; whoever asks afterwards reads the same outcome.
func TestReconcileElsewhere(t *testing.T) {
	s := newStage(t)
	e := s.stopped(afterEffect)
	_, err := e.reconcile(s, "pub2")
	world.WantCode(t, err, marketops.OperationInFlight)
	if len(e.run.told(0).outcomes) != 0 {
		t.Error("decided under somebody else's lease")
	}
	s.leaseEnds()
	st := e.standing(s, "pub2")
	e.decided(s, st, "success", "")
	for _, key := range []string{"pub", "pub2"} {
		again := e.standing(s, key)
		if again.Claim != "closed" || again.Status != "success" || !again.Already || again.Entry.Digest != st.Entry.Digest || again.Err != nil {
			t.Errorf("%s reads %+v", key, again)
		}
	}
	results, err := e.run.publish("pub", e.folder)
	s.ok(err)
	if results[0].Status != "success" || !results[0].Already {
		t.Errorf("%+v", results[0])
	}
}

// TestReconcileExpired: the receipt's time is over. What is true is still found out.
func TestReconcileExpired(t *testing.T) {
	s := newStage(t)
	found, taken, absent, claimed := s.stopped(afterEffect), s.stopped(afterAttempt), s.stopped(afterAttempt), s.stopped(afterIntent)
	taken.takenBySomebody(s)
	s.Pass(3 * time.Hour)
	s.World.Core.Sweep(context.Background())

	results, err := absent.run.publish("pub", absent.folder)
	s.ok(err)
	if results[0].Status != "refused" {
		t.Errorf("%+v", results[0])
	}
	world.WantCode(t, results[0].Err, marketops.Expired)

	found.decided(s, found.standing(s, "pub"), "success", "")
	taken.decided(s, taken.standing(s, "pub"), "failed", marketops.GitHubConflict)
	st := absent.standing(s, "pub")
	absent.decided(s, st, "unknown", marketops.OutcomeUnknown)
	if st.Resume || len(s.visible(absent.run.plan.Ops[0])) != 0 {
		t.Errorf("%+v", st)
	}
	st = claimed.standing(s, "pub")
	claimed.decided(s, st, "rejected", marketops.Expired)
	world.WantCode(t, st.Err, marketops.Expired)

	// The unknown stays an unknown for whoever asks again, and never becomes a failure.
	var unknown *marketops.Unknown
	if st = absent.standing(s, "pub"); !errors.As(st.Err, &unknown) || st.Status != "unknown" {
		t.Errorf("%+v", st)
	}
	results, err = absent.run.publish("pub", absent.folder)
	s.ok(err)
	if !errors.As(results[0].Err, &unknown) || results[0].Status != "unknown" || !results[0].Already {
		t.Errorf("%+v", results[0])
	}
}

// TestReconcileDecided: the record store's disk fails between deciding and appending. The outcome
// stays decided; it is neither repeated nor recomputed, and the Core brings the stored bytes
// into the log.
func TestReconcileDecided(t *testing.T) {
	s := newStage(t)
	e := &ending{run: s.authorised(s.tagOp()), key: "pub"}
	e.folder = e.run.folder()
	records := s.Options.Config.Records
	p := e.run.sit("pub", e.folder)
	p.tracked(&track{at: point{"outcome", 1, true}, strike: func() error {
		s.ok(os.Rename(records, records+".away"))
		s.ok(os.WriteFile(records, nil, 0o600))
		return nil
	}})
	results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
	s.ok(err)
	if results[0].Status != "open" || p.Outbox.Pending() != 1 {
		t.Errorf("%+v", results[0])
	}
	p.leave()
	if st := e.standing(s, "pub"); st.Claim != "decided" || st.Status != "open" || st.Resume {
		t.Errorf("%+v", st)
	}
	// The same key on another machine, without the journal: nothing is begun again.
	before := len(s.hub.Requests())
	if results, err = e.run.publish("pub", e.run.folder()); err != nil || results[0].Status == "success" || len(s.hub.Requests()) != before {
		t.Errorf("%+v, %v", results, err)
	}
	s.ok(os.Remove(records))
	s.ok(os.Rename(records+".away", records))
	s.World.Core.Sweep(context.Background())
	if results, err = e.run.publish("pub", e.folder); err != nil || results[0].Status != "success" || !results[0].Already {
		t.Errorf("%+v, %v", results, err)
	}
	told := e.run.told(0)
	if len(told.outcomes) != 1 || len(told.intents) != 1 {
		t.Errorf("leaves %q", told.names)
	}
	if st := e.standing(s, "pub"); st.Claim != "closed" || st.Status != "success" {
		t.Errorf("%+v", st)
	}
}

// TestNoReceipt: there is nothing to reconcile about a job without a receipt, or with one that
// no authority signed.
func TestNoReceipt(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.tagOp())
	p := r.sit("pub", r.folder())
	defer p.leave()
	for name, spoil := range map[string]func(){
		"none":      func() { p.present() },
		"broken":    func() { p.sealed([]byte("{}")) },
		"stranger":  func() { p.present(p.forged("stranger", nil)) },
		"publisher": func() { p.present(p.forged("pub", nil)) },
	} {
		spoil()
		st, err := p.Reconcile(context.Background(), p.jobs[0])
		if err != nil || st.Claim != "none" || st.Status != "not-attempted" || st.Resume {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
	}
	if len(s.hub.Requests()) != 0 {
		t.Error("GitHub was asked")
	}
}
