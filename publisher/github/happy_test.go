package github

import (
	"context"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
)

func TestTag(t *testing.T) {
	s := newStage(t)
	op := s.tagOp()
	ev, err := s.apply(op)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log())
	}
	if got := s.kinds(); got != "tag-object-made ref-created" {
		t.Errorf("effects: %s", got)
	}
	s.tagged(op)
	if states(ev) != "tag=applied" || ev.Retries != 0 || len(ev.Answer) == 0 {
		t.Errorf("%s, %d retries, answer %q", states(ev), ev.Retries, ev.Answer)
	}
	if got := id(ev, "tag_object"); got != s.repo.Ref("refs/tags/v1.4.0") || s.diary.facts["tag_object"] != got {
		t.Errorf("tag object %q, journal %v", got, s.diary.facts)
	}
	if want := "call call tag"; strings.Join(s.authorized, " ") != want {
		t.Errorf("authorized %v, want %s", s.authorized, want)
	}
	if ev.URL != s.srv.Store()+"octo-org/widgets/tree/v1.4.0" {
		t.Errorf("URL %s", ev.URL)
	}
	s.lawful()
}

func TestTagAgain(t *testing.T) {
	s := newStage(t)
	op := s.tagOp()
	must(s.apply(op))
	before := len(s.srv.Mutations())
	ev, err := s.apply(op)
	if err != nil || states(ev) != "tag=applied" || len(s.srv.Mutations()) != before {
		t.Errorf("%v %s %v", err, states(ev), s.srv.Mutations())
	}
	s.lawful()
}

func TestRelease(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	ev, err := s.apply(op)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log())
	}
	want := "tag-object-made draft-created asset-uploaded asset-uploaded ref-created release-published"
	if got := s.kinds(); got != want {
		t.Errorf("effects: %s", got)
	}
	s.published(op)
	if states(ev) != "tag=applied release=applied" || ev.Retries != 0 {
		t.Errorf("%s, %d retries", states(ev), ev.Retries)
	}
	for _, name := range []string{"release_id", "asset_0001", "asset_0002", "html_url", "tag_object", "commit", "repository_id", "published_at"} {
		if id(ev, name) == "" {
			t.Errorf("no %s in %v", name, ev.GitHub)
		}
	}
	if strings.Contains(ev.URL, "untagged") || id(ev, "latest_release_id") != id(ev, "release_id") {
		t.Errorf("URL %s, ids %v", ev.URL, ev.GitHub)
	}
	if s.diary.facts["release_id"] != id(ev, "release_id") {
		t.Errorf("journal %v", s.diary.facts)
	}
	if got := strings.Join(s.authorized, " "); got != "call call draft call call call tag call release" {
		t.Errorf("authorized %s", got)
	}
	if len(s.diary.calls) == 0 || s.diary.calls[0].RequestID == "" || s.diary.calls[0].Headers["date"] == "" {
		t.Errorf("journal %+v", s.diary.calls)
	}
	s.lawful()
}

func TestReleaseAgain(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	must(s.apply(op))
	before := len(s.srv.Mutations())
	s.diary = newDiary() // another machine
	ev, err := s.apply(op)
	if err != nil || states(ev) != "tag=applied release=applied" || len(s.srv.Mutations()) != before {
		t.Errorf("%v %s %v", err, states(ev), s.srv.Mutations())
	}
	s.published(op)
	s.lawful()
}

// TestPreview holds the preview against what an Apply then does.
func TestPreview(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	calls := s.port.Preview(op)
	if len(s.srv.Requests()) != 0 || s.asked != 0 {
		t.Fatal("the preview was not pure")
	}
	var planned, sent []string
	for _, c := range calls {
		if c.Method != "GET" {
			path, _, _ := strings.Cut(c.Path, "?")
			planned = append(planned, c.Method+" "+path)
		}
	}
	must(s.apply(op))
	release := s.diary.facts["release_id"]
	for _, r := range s.srv.Mutations() {
		sent = append(sent, r.Method+" "+strings.ReplaceAll(r.Path, release, "{release_id}"))
	}
	if strings.Join(planned, "\n") != strings.Join(sent, "\n") {
		t.Errorf("planned\n%s\nsent\n%s", strings.Join(planned, "\n"), strings.Join(sent, "\n"))
	}
}

// TestNoPermit: nothing leaves without a permit of the gate.
func TestNoPermit(t *testing.T) {
	s := newStage(t)
	for _, permit := range []*publisher.Permit{nil, {}} {
		if _, err := s.port.Apply(context.Background(), permit, s.diary); marketops.CodeOf(err) != marketops.ReceiptMissing {
			t.Errorf("%v", err)
		}
	}
	if _, err := s.port.apply(context.Background(), nil, s.diary); err == nil {
		t.Error("no work was accepted")
	}
	for _, spoil := range []func(*publisher.Work){
		func(w *publisher.Work) { w.BeforeCall = nil },
		func(w *publisher.Work) { w.BeforeEffect = nil },
		func(w *publisher.Work) { w.Deadline = w.Deadline.AddDate(-1, 0, 0) },
		func(w *publisher.Work) { *w = publisher.Work{} },
		func(w *publisher.Work) { w.Content = nil },
		func(w *publisher.Work) { w.Op.Target.Host = "ghe.example.com" },
		func(w *publisher.Work) { w.Op.Tag.Commit = "main" },
	} {
		w := s.work(s.releaseOp())
		spoil(w)
		if _, err := s.port.apply(context.Background(), w, s.diary); err == nil {
			t.Errorf("accepted: %+v", w)
		}
	}
	if n := len(s.srv.Requests()); n != 0 || s.asked != 0 {
		t.Errorf("%d requests, credential asked for %d times", n, s.asked)
	}
	if _, err := s.apply(s.releaseOp()); err != nil { // the control
		t.Error(err)
	}
}

func TestObserve(t *testing.T) {
	s := newStage(t)
	op := s.releaseOp()
	look := func(want publisher.Presence, wantStates string) {
		t.Helper()
		obs, err := s.port.Observe(context.Background(), op, s.drafts)
		if err != nil || obs.State != want || states(obs.Evidence) != wantStates {
			t.Errorf("%v %q %s, %v; want %v %s", obs.State, obs.Detail, states(obs.Evidence), err, want, wantStates)
		}
	}
	look(publisher.Absent, "tag=absent release=absent")
	must(s.apply(s.tagOpLike(op)))
	look(publisher.Conflict, "tag=absent release=absent") // a tag_repo of the same name is another operation
	if err := s.repo.DeleteRef("refs/tags/v1.4.0"); err != nil {
		t.Fatal(err)
	}
	s.deny = func(what string) error {
		if what == effectRelease {
			return errFull
		}
		return nil
	}
	_, err := s.apply(op)
	s.isFailure(err, marketops.LedgerUnavailable)
	look(publisher.Indeterminate, "tag=applied release=absent")
	s.deny = nil
	must(s.apply(op))
	look(publisher.Found, "tag=applied release=applied")
	for _, r := range s.srv.Requests() {
		if r.Auth != githubtest.AuthRight {
			t.Errorf("%v", r)
		}
	}
	s.lawful()
}

func (s *stage) tagOpLike(marketops.Operation) marketops.Operation { return s.tagOp() }
