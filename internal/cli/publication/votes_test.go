package publication

import (
	"bytes"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
)

// lyingCore answers over a socket with these records of the run, whatever they are.
func lyingCore(t *testing.T, w *logworld.World, entries []api.Entry) *api.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/runs/"+string(w.Run) {
			http.NotFound(rw, r)
			return
		}
		b, err := json.Marshal(api.RunRecords{Run: w.Run, Entries: entries})
		if err != nil {
			t.Error(err)
		}
		rw.Write(b)
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	c, err := api.Dial(path, logworld.Origin, nil, func() marketops.Time { return w.Now })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openRun writes the folder of the world's run with these votes in it, and opens it.
func openRun(t *testing.T, w *logworld.World, votes ...[]byte) *plan.Run {
	t.Helper()
	dir := t.TempDir()
	encode := func(v any) []byte {
		b, err := canon.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	doc, err := w.Ops[0].Document()
	if err != nil {
		t.Fatal(err)
	}
	files := []plan.File{{Name: w.Ops[0].Files()[0].Name, Path: "file"}}
	for name, b := range map[string][]byte{
		"run.json": encode(plan.Info{Schema: "marketops.run/v1", RunID: w.Run, CreatedAt: w.Now}), "plan.json": w.PlanBytes(), "operations/1.json": doc,
		"sources.json": encode(plan.Sources{Schema: "marketops.sources/v1", Root: dir, Operations: []plan.Files{{Number: 1, Files: files}}}),
	} {
		clitest.Write(t, dir, name, b)
	}
	for i, v := range votes {
		clitest.Write(t, dir, "approvals/"+string('a'+rune(i))+".json", v)
	}
	r, err := plan.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// forge returns the envelope with a signature that is nobody's.
func forge(t *testing.T, envelope []byte) []byte {
	t.Helper()
	mark := []byte(`"sig":"`)
	i := bytes.Index(envelope, mark) + len(mark)
	n := bytes.IndexByte(envelope[i:], '"')
	return slices.Concat(envelope[:i], []byte(base64.StdEncoding.EncodeToString(make([]byte, 64))), envelope[i+n:])
}

// TestForgedVotesHideNone: what nobody signed is in the place of no vote, wherever it stands, and a vote
// that the folder and the log both hold is one.
func TestForgedVotesHideNone(t *testing.T) {
	w := logworld.New()
	sub := w.Submit()
	yes, no := w.Vote(sub, logworld.Alice, receipt.Approve), w.Vote(sub, logworld.Carol, receipt.Reject)
	entry := func(e logworld.Entry, name receipt.Kind, envelope []byte) api.Entry {
		return api.Entry{Name: name, Digest: e.Record.Digest, Position: log.Position{Origin: logworld.Origin, Index: e.Index}, Envelope: envelope}
	}
	good := func(e logworld.Entry) api.Entry { return entry(e, receipt.KindApproval, e.Record.Envelope) }
	forged := entry(no, receipt.KindApproval, forge(t, no.Record.Envelope))
	if receipt.NameUnverified(forged.Envelope) != no.Record.Digest {
		t.Fatal("the forged envelope is of another record")
	}
	asked := entry(sub, receipt.KindSubmission, sub.Record.Envelope)
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
			p := &Publication{Session: &session.Session{Trust: w.Trust(), Core: lyingCore(t, w, tc.core)}, run: openRun(t, w, tc.folder...)}
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
