package server_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// posts are the calls that change something, each with a body that is refused to who may make such calls.
func posts(s *world.Run) map[string]struct {
	by   string
	body any
} {
	vote := s.Vote("alice", nil).Envelope // another's, where one's own belongs
	fence := api.Fence{Receipt: s.Receipt(0).ReceiptID, Epoch: 7}
	wanted := s.Wanted(0, "pub2")
	return map[string]struct {
		by   string
		body any
	}{
		"/v1/submissions": {"bob", api.Submit{Envelope: vote}},
		"/v1/approvals":   {"bob", api.Envelope{Envelope: vote}},
		"/v1/authorize":   {"bob", api.Run{Run: s.NewRun().ID}},
		"/v1/resolve":     {"bob", api.Decided{Envelope: vote}},
		"/v1/revoke":      {"alice", api.Revoke{Receipt: fence.Receipt}},
		"/v1/check":       {"pub", wanted},
		"/v1/claim":       {"pub", wanted},
		"/v1/intent":      {"pub", api.Envelope{Envelope: vote}},
		"/v1/execute":     {"pub", fence},
		"/v1/renew":       {"pub", api.Renewal{Fence: fence}},
		"/v1/attempt":     {"pub", api.Effect{Fence: fence, Effect: "tag"}},
		"/v1/outcome":     {"pub", api.Decided{Envelope: vote}},
		"/v1/refusals":    {"pub", api.Decided{Envelope: vote}},
		"/v1/backup":      {"ledger", api.Backup{Folder: "here"}},
	}
}

// TestEveryRefusalIsLogged: each refused call of a known key leaves one leaf that proves whom it refused, for every
// reason: by what it asks, by the caller's role, and by a body that cannot be read.
func TestEveryRefusalIsLogged(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.Ready()
	for path, c := range posts(s) {
		wrong := "pub"
		if c.by == "pub" {
			wrong = "mallory"
		}
		for by, body := range map[string]any{c.by: c.body, wrong: c.body, c.by + " unread": map[string]int{"made": 1}} {
			by, _, _ = strings.Cut(by, " ")
			made := signed(t, w, by, path, body, nil)
			before := size(t, w)
			if status, p := send(t, w, made); status == 200 || p.Kind != "refusal" {
				t.Errorf("%s by %s: %d %+v", path, by, status, p)
			}
			requireAttributed(t, w, before, made, by)
		}
		w.Pass(61e9) // so that no caller makes more refusals than are recorded in a minute
	}
}

// size is how many entries the log has.
func size(t *testing.T, w *world.World) uint64 {
	t.Helper()
	index, _, err := w.Ledger.Newest(context.Background())
	must(t, err)
	return index + 1
}

// requireAttributed demands that the log grew by one refusal, whose text holds the request that was refused.
func requireAttributed(t *testing.T, w *world.World, before uint64, c call, by string) {
	t.Helper()
	if after := size(t, w); after != before+1 {
		t.Errorf("%s by %s: the log grew by %d leaves", c.path, by, after-before)
		return
	}
	leaf := got(w.Tree(before).LeafHash(before))(t)
	rec := got(receipt.Open(got(w.Client("").ReadFile("records/"+log.RecordPath(leaf)))(t), w.Core.Trust().Ring()))(t)
	refusal, ok := rec.Body.(*receipt.Refusal)
	if !ok {
		t.Fatalf("%s by %s: a %s is logged", c.path, by, rec.Body.Kind())
	}
	text := string(got(w.Client("").Evidence(context.Background(), refusal.Evidence))(t))
	_, envelope, _ := strings.Cut(text, "\nsigned request ")
	ring := got(crypto.NewKeyring(w.Keys[by].Public()))(t)
	request, err := receipt.Open(got(base64.StdEncoding.DecodeString(strings.TrimSpace(envelope)))(t), ring)
	if err != nil || request.Digest != refusal.Request || rec.By != w.Keys["ledger"].Public().ID() {
		t.Errorf("%s by %s: the refusal %+v does not prove whom it refused: %v", c.path, by, refusal, err)
	}
	if refusal.RunID != "" && strings.Contains(text, "made") {
		t.Errorf("the text repeats the body: %s", text)
	}
}

// TestInventedRun: a call about a run that is not there names none in the log.
func TestInventedRun(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	w.NewRun().Submit()
	var id [16]byte
	rand.Read(id[:])
	invented := marketops.NewRunID(id)
	for range 3 {
		_, err := w.Client("bob").Authorize(context.Background(), invented)
		wantCode(t, err, marketops.StateMissing)
	}
	if rows := got(w.Ledger.ByRun(context.Background(), invented))(t); len(rows) != 0 {
		t.Errorf("%d records of a run that was not submitted", len(rows))
	}
}

// TestGoneCaller: who goes away at once is recorded all the same.
func TestGoneCaller(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	s := w.NewRun().Submit()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	who := &federation.Caller{Key: w.Keys["bob"].Public().ID(), Request: marketops.Digest{1}}
	who.Holder, _ = w.Core.Trust().Holder(who.Key)
	w.Core.Refused(ctx, who, api.Run{Run: s.ID}, marketops.Refuse(marketops.PolicyDenied, "no"))
	if _, names := w.Records(s.ID); len(names) != 2 {
		t.Errorf("records %q", names)
	}
}
