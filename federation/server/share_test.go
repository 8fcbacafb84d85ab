package server

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
)

// TestNoncesOfOne: who makes many calls is stopped, and no other caller is. The place is free again when they expired.
func TestNoncesOfOne(t *testing.T) {
	var n nonces
	for i := range federation.CallsRemembered {
		if err := n.use("person bob", fmt.Sprint("bob", i), 200, 100); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.use("person bob", "one more", 200, 100); marketops.CodeOf(err) != marketops.LimitReached {
		t.Errorf("one more: %v", err)
	}
	if err := n.use("person bob", "bob7", 200, 100); marketops.CodeOf(err) != marketops.Consumed {
		t.Errorf("again: %v", err)
	}
	if err := n.use("person alice", "alice", 200, 100); err != nil {
		t.Errorf("control: %v", err)
	}
	if err := n.use("person bob", "later", 300, 201); err != nil {
		t.Errorf("when they expired: %v", err)
	}
	if n.of["person alice"] != 0 || n.of["person bob"] != 1 || len(n.until) != 1 {
		t.Errorf("%v of %d are remembered", n.of, len(n.until))
	}
}

// TestCallsOfOne: one caller's calls at one time do not use up the others'.
func TestCallsOfOne(t *testing.T) {
	var s shares
	var leave []func()
	for range federation.CallsAtOnce {
		done, err := s.enter("person bob", 1)
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, done)
	}
	if _, err := s.enter("person bob", 0); marketops.CodeOf(err) != marketops.LimitReached {
		t.Errorf("one more: %v", err)
	}
	if _, err := s.enter("person alice", federation.BodiesAtOnce+1); marketops.CodeOf(err) != marketops.LimitReached {
		t.Errorf("bodies: %v", err)
	}
	done, err := s.enter("person alice", federation.BodiesAtOnce)
	if err != nil {
		t.Errorf("control: %v", err)
	}
	for _, done := range append(leave, done) {
		done()
	}
	if len(s.calls)+len(s.bodies) != 0 {
		t.Errorf("%v and %v are left", s.calls, s.bodies)
	}
}

// TestLinesBounded: many refusals are a few lines, and then a count.
func TestLinesBounded(t *testing.T) {
	var f refused
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	lines := 0
	for range 1000 {
		if f.note(log, "", marketops.SignatureInvalid, 600) {
			lines++
		}
	}
	if lines != federation.RefusalsPerMinute {
		t.Errorf("%d lines", lines)
	}
	if !f.note(log, "bob", marketops.KeyUnknown, 600) {
		t.Error("control: another caller's refusal has no line")
	}
	f.note(log, "", marketops.SignatureInvalid, 660)
	if want := fmt.Sprintf("count=%d", 1000-federation.RefusalsPerMinute); !strings.Contains(out.String(), want) {
		t.Errorf("%q does not say %s", out.String(), want)
	}
}
