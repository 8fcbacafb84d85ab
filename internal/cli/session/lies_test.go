package session_test

import (
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log/view"
)

// TestForgedSubmission: what has no valid signature is taken for no submission and hides none; the Core that hands it
// out is not asked further.
func TestForgedSubmission(t *testing.T) {
	w := logworld.New()
	w.Now = marketops.TimeOf(time.Now()) // keys are asked by the clock of the reader
	w.File.Expires = w.Now + 1e6
	for i := range w.File.Persons {
		w.File.Persons[i].Keys[0].NotAfter = w.Now + 1e6
	}
	sub := w.Submit()
	w.Submit()
	for name, c := range map[string]struct {
		entries []api.Entry
		code    marketops.Code
	}{
		"control":       {[]api.Entry{clitest.EntryOf(sub)}, ""},
		"none":          {nil, marketops.StateMissing},
		"forged":        {[]api.Entry{clitest.Forged(sub)}, marketops.SignatureInvalid},
		"forged before": {[]api.Entry{clitest.Forged(sub), clitest.EntryOf(sub)}, marketops.SignatureInvalid},
		"forged after":  {[]api.Entry{clitest.EntryOf(sub), clitest.Forged(sub)}, ""},
		"elsewhere":     {[]api.Entry{elsewhere(sub)}, marketops.InclusionInvalid},
	} {
		core := clitest.LyingCore(t, w, c.entries...)
		s := &session.Session{Trust: w.Trust(), Core: core, View: view.New(core, w.Trust().Log(), t.TempDir())}
		rec, _, err := s.Submission(t.Context(), clitest.OpenRun(t, w))
		if marketops.CodeOf(err) != c.code || err == nil && rec.LeafHash() != sub.Record.LeafHash() {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
}

// elsewhere is an entry said to stand where another record does.
func elsewhere(e logworld.Entry) api.Entry {
	out := clitest.EntryOf(e)
	out.Position.Index++
	return out
}
