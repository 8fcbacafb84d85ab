package publication

import (
	"slices"
	"testing"

	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt"
)

// TestForgedVotesHideNone: what has no valid signature is in the place of no vote, wherever it stands, and a vote
// that the folder and the log both hold is one.
func TestForgedVotesHideNone(t *testing.T) {
	w := logworld.New()
	sub := w.Submit()
	yes, no := w.Vote(sub, logworld.Alice, receipt.Approve), w.Vote(sub, logworld.Carol, receipt.Reject)
	good, forged := clitest.EntryOf, clitest.Forged(no)
	entry := func(e logworld.Entry, name receipt.Kind, envelope []byte) api.Entry {
		out := good(e)
		out.Name, out.Envelope = name, envelope
		return out
	}
	asked := good(sub)
	for name, tc := range map[string]struct {
		folder [][]byte
		core   []api.Entry
		votes  int // that are handed to the gate
		forged int // of them
	}{
		"control":                     {nil, []api.Entry{asked, good(yes), good(no)}, 2, 0},
		"one in the folder, too":      {[][]byte{yes.Record.Envelope}, []api.Entry{asked, good(yes), good(no)}, 2, 0},
		"all in the folder, too":      {[][]byte{yes.Record.Envelope, no.Record.Envelope}, []api.Entry{asked, good(yes), good(no)}, 2, 0},
		"hidden by the Core":          {[][]byte{no.Record.Envelope}, []api.Entry{asked, good(yes)}, 2, 0},
		"forged before it":            {nil, []api.Entry{forged, asked, good(yes), good(no)}, 3, 1},
		"forged in the folder":        {[][]byte{forged.Envelope}, []api.Entry{asked, good(yes), good(no)}, 3, 1},
		"forged in both":              {[][]byte{forged.Envelope}, []api.Entry{forged, asked, good(yes), good(no)}, 4, 2},
		"under another name":          {nil, []api.Entry{asked, good(yes), entry(no, receipt.KindRefusal, no.Record.Envelope)}, 2, 0},
		"a submission called a vote":  {nil, []api.Entry{entry(sub, receipt.KindApproval, sub.Record.Envelope), good(yes), good(no)}, 2, 0},
		"under another digest":        {[][]byte{yes.Record.Envelope}, []api.Entry{asked, {Name: receipt.KindApproval, Digest: yes.Record.Digest, Position: good(no).Position, Envelope: no.Record.Envelope}}, 2, 0},
		"erased beside one not to be": {[][]byte{[]byte("{}")}, []api.Entry{asked, good(yes), entry(no, receipt.KindApproval, nil)}, 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Publication{Session: &session.Session{Trust: w.Trust(), Core: clitest.LyingCore(t, w, tc.core...)}, run: clitest.OpenRun(t, w, tc.folder...)}
			got, err := p.approvals(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			unread, verdicts := 0, []receipt.Verdict{}
			for _, e := range got {
				rec, err := receipt.Open(e.Envelope, p.Trust.Ring())
				if err != nil {
					unread++
				} else {
					verdicts = append(verdicts, rec.Body.(*receipt.Approval).Verdict)
				}
			}
			vetoed := slices.Contains(verdicts, receipt.Reject) || name == "erased beside one not to be"
			if len(got) != tc.votes || unread != tc.forged || !vetoed {
				t.Errorf("%d votes, %d unreadable, want %d and %d; opened %q", len(got), unread, tc.votes, tc.forged, verdicts)
			}
		})
	}
}
