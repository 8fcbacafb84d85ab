package core_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt"
)

// short is an approval that ends at once, so that the same person may approve again.
func short(a *receipt.Approval) { a.ExpiresAt = a.NotBefore + 60 }

// TestVotesBounded: a person has a few votes on a run, and the last is kept for a rejection. Controls: others have
// theirs, and so has the person on another run.
func TestVotesBounded(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit()
	for range federation.VotesPerRun - 1 {
		got(s.VoteAs("carol", short))(t)
		w.Pass(time.Minute)
	}
	_, err := s.VoteAs("carol", short)
	wantCode(t, err, marketops.LimitReached)
	if !s.Approve("alice").Decide().Authorized {
		t.Error("control: alice's approval does not count")
	}
	got(s.VoteAs("carol", rejection))(t)
	_, err = s.VoteAs("carol", rejection)
	wantCode(t, err, marketops.LimitReached)
	w.Restart()
	_, err = s.VoteAs("carol", rejection)
	wantCode(t, err, marketops.LimitReached)
	if d := s.Decide(); d.Decisions[0].Code != marketops.RejectedByApprover {
		t.Errorf("the rejection does not count: %+v", d)
	}
	if !w.NewRun().Submit().Approve("carol").Decide().Authorized {
		t.Error("control: carol cannot approve another run")
	}
}

// TestVoteReadsNoOthers: a vote is judged without the votes of others, however many there are.
func TestVoteReadsNoOthers(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit()
	other := got(s.VoteAs("carol", nil))(t)
	must(t, os.Remove(w.RecordFile(other.Leaf)))
	got(s.VoteAs("alice", nil))(t)
}

// TestSubmissionsOfOne: one person's submissions do not use up those of others.
func TestSubmissionsOfOne(t *testing.T) {
	t.Parallel()
	w := world.New(t, func(w *world.World) {
		w.Options.Config.Limits.MaxSubmissionsPerPerson, w.Options.Config.Limits.MaxSubmissionsPerDay = 2, 3
	})
	mine := func() error { return errOf(w.NewRun().SubmitAs("mallory", nil)) }
	must(t, mine())
	must(t, mine())
	wantCode(t, mine(), marketops.LimitReached)
	w.NewRun().Submit()
	wantCode(t, errOf(w.NewRun().SubmitAs("bob", nil)), marketops.LimitReached) // of all together
	w.Pass(25 * time.Hour)
	must(t, mine())
}

// TestSubmissionRefusedStoresNothing: what a refused submission brings is not kept.
func TestSubmissionRefusedStoresNothing(t *testing.T) {
	t.Parallel()
	w := world.New(t, func(w *world.World) { w.Options.Config.Limits.MaxSubmissionsPerPerson = 1 })
	w.NewRun().Submit()
	before := files(t, w, "documents")
	wantCode(t, errOf(w.NewRun().SubmitAs("bob", nil)), marketops.LimitReached)
	if after := files(t, w, "documents"); after != before {
		t.Errorf("%d documents, %d before", after, before)
	}
}

func files(t testing.TB, w *world.World, dir string) int {
	t.Helper()
	return len(got(os.ReadDir(filepath.Join(w.Dir, dir)))(t))
}

// TestRefusalsBounded: one person's refused calls leave a few records in a run, and no text without its record.
func TestRefusalsBounded(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit()
	for range federation.RefusalsPerRun + 4 {
		wantCode(t, errOf(s.VoteAs("mallory", nil)), marketops.ApproverUnknown)
	}
	_, names := w.Records(s.ID)
	if n := count(names, "refusal"); n != federation.RefusalsPerRun {
		t.Errorf("%d refusals are recorded", n)
	}
	if n := files(t, w, "evidence"); n != federation.RefusalsPerRun+2 {
		t.Errorf("%d texts are kept", n)
	}
	wantCode(t, errOf(s.VoteAs("bob", nil)), marketops.SelfApproval)
	if _, names = w.Records(s.ID); count(names, "refusal") != federation.RefusalsPerRun+1 {
		t.Error("control: bob's refusal is not recorded")
	}
	s.Approve("alice").Authorize().Publish(0, "pub")
}

// TestAdvisoriesBounded: asking again and again adds a few records, and takes nothing from others who ask.
func TestAdvisoriesBounded(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit()
	n := 0
	another := func() { // another policy makes another denial
		n++
		must(t, os.WriteFile(filepath.Join(w.Dir, "policy", "99-more.cedar"), fmt.Appendf(nil, "// %d\n", n), 0o600))
		w.Core.Sweep(context.Background())
	}
	ask := func(by string) error { another(); return errOf(w.Client(by).Authorize(context.Background(), s.ID)) }
	for range federation.AdvisoriesPerDay {
		must(t, ask("carol"))
	}
	wantCode(t, ask("carol"), marketops.LimitReached)
	must(t, ask("bob"))
	if !s.Approve("alice").Decide().Authorized {
		t.Error("control: it is not authorised")
	}
}

// TestClaimsBounded: a publisher that takes a receipt again and again is stopped, and another one gets it.
func TestClaimsBounded(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	for range federation.ClaimsPerDay {
		got(s.Intend(0, "pub", got(s.Claim(0, "pub"))(t)))(t)
	}
	wantCode(t, errOf(s.Claim(0, "pub")), marketops.LimitReached)
	w.Pass(w.Options.Config.Lease + time.Second)
	s.Publish(0, "pub2")
}

// TestLateTexts: a revocation, a resolution or an outcome that the ledger refuses leaves no text.
func TestLateTexts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.Ready()
	s.Publish(0, "pub")
	revoke := func() error {
		return errOf(w.Client("bob").Revoke(ctx, api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: "too late"}))
	}
	out := s.EntryOf("outcome")
	resolve := func() error {
		rec := s.Resolution(receipt.Failed, out.Digest, out.Position, "too late")
		return errOf(w.Client("bob").Resolve(ctx, api.Decided{Envelope: rec.Envelope, Evidence: []api.Evidence{{Digest: rec.Body.Refs().Evidence[0], Text: []byte("too late")}}}))
	}
	for name, call := range map[string]func() error{"revoke": revoke, "resolve": resolve} {
		before := files(t, w, "evidence")
		if err := call(); !isRefused(err) {
			t.Errorf("%s: %v", name, err)
		}
		if after := files(t, w, "evidence"); after != before+1 { // that of the refusal
			t.Errorf("%s: %d texts, %d before", name, after, before)
		}
	}
}

func isRefused(err error) bool {
	var r *marketops.Refusal
	return errors.As(err, &r)
}

// TestReasonsBounded: reasons are short.
func TestReasonsBounded(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	long := string(slices.Repeat([]byte("a"), federation.ReasonBytes+1))
	_, err := w.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: long})
	wantCode(t, err, marketops.LimitReached)
	got(w.Client("bob").Revoke(context.Background(), api.Revoke{Receipt: s.Receipt(0).ReceiptID, Reason: long[1:]}))(t)
}

// TestTightEnvelopes: no signature covers the spelling of an envelope, so spaces in it are bounded. Control: a few are taken.
func TestTightEnvelopes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := world.New(t)
	s := w.NewRun().Submit()
	pad := func(env []byte, n int) []byte { return append(slices.Repeat([]byte(" "), n), env...) }
	vote := s.Vote("alice", nil).Envelope
	for n, code := range map[int]marketops.Code{1 << 20: marketops.ReceiptMalformed, federation.EnvelopeBytes: marketops.ReceiptMalformed, 100: ""} {
		if _, err := w.Client("alice").Approve(ctx, pad(vote, n)); marketops.CodeOf(err) != code || code == "" && err != nil {
			t.Errorf("%d spaces around a vote: %v", n, err)
		}
	}
	other := w.NewRun()
	_, err := other.SubmitAs("bob", func(sub *receipt.Submission, in *api.Submit) {
		sub.Signer = w.Keys["bob"].Public().ID()
		in.Envelope = pad(got(receipt.Seal(sub, w.Keys["bob"]))(t).Envelope, 1<<20)
	})
	wantCode(t, err, marketops.ReceiptMalformed)
}

// TestVoteIsSmall: beside the operations of the plan a vote has at most 4 KiB.
func TestVoteIsSmall(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit()
	vote := s.Vote("alice", func(a *receipt.Approval) {
		a.Requester, a.Reason = strings.Repeat("b", 63), strings.Repeat("\"", marketops.MaxName)
	})
	operations := got(canon.Encode(s.Refs()))(t)
	if n := len(vote.Opened.Payload) - len(operations); n > 4<<10 {
		t.Errorf("%d bytes", n)
	}
}
