package clitest

import (
	"bytes"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
)

// LyingCore answers over a socket with any records as those of the world's run, and with
// the files of its log.
func LyingCore(t *testing.T, w *logworld.World, entries ...api.Entry) *api.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, err := w.Log.ReadFile(strings.TrimPrefix(r.URL.Path, "/"))
		if r.URL.Path == "/v1/runs/"+string(w.Run) {
			b, err = json.Marshal(api.RunRecords{Run: w.Run, Entries: entries})
		}
		if err != nil {
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write(b)
	}))
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	c, err := api.Dial(path, logworld.Origin, nil, nil, func() marketops.Time { return w.Now })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// EntryOf is an entry of the world as a Core hands it out.
func EntryOf(e logworld.Entry) api.Entry {
	return api.Entry{Name: e.Record.Body.Kind(), Digest: e.Record.Digest, Position: log.Position{Origin: logworld.Origin, Index: e.Index}, Envelope: e.Record.Envelope}
}

// Forged is an entry with the same payload and a signature that no key made.
func Forged(e logworld.Entry) api.Entry {
	out := EntryOf(e)
	mark := []byte(`"sig":"`)
	begin := bytes.Index(out.Envelope, mark) + len(mark)
	n := bytes.IndexByte(out.Envelope[begin:], '"')
	out.Envelope = slices.Concat(out.Envelope[:begin], []byte(base64.StdEncoding.EncodeToString(make([]byte, 64))), out.Envelope[begin+n:])
	if receipt.NameUnverified(out.Envelope) != e.Record.Digest {
		panic("the forged envelope is of another record")
	}
	return out
}

// OpenRun writes the folder of the world's run, with these votes in it, and opens it.
func OpenRun(t *testing.T, w *logworld.World, votes ...[]byte) *plan.Run {
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
		Write(t, dir, name, b)
	}
	for i, v := range votes {
		Write(t, dir, "approvals/"+string('a'+rune(i))+".json", v)
	}
	r, err := plan.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}
