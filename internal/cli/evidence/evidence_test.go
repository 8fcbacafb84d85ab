package evidence

import (
	"bytes"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log/view"
)

// TestForgedRecords: a pack of what the Core hands out holds every record with a valid signature, or there is
// none.
func TestForgedRecords(t *testing.T) {
	w := logworld.New()
	l := w.Live()
	var good []api.Entry
	for _, e := range w.Entries {
		good = append(good, clitest.EntryOf(e))
	}
	for name, c := range map[string]struct {
		entries []api.Entry
		code    marketops.Code
	}{
		"control":      {good, ""},
		"twice":        {slices.Concat(good, good), ""},
		"forged first": {slices.Concat([]api.Entry{clitest.Forged(l.First)}, good), marketops.SignatureInvalid},
		"forged last":  {append(slices.Clone(good), clitest.Forged(l.First)), marketops.SignatureInvalid},
		"nothing":      {nil, marketops.NothingToVerify},
	} {
		core := clitest.LyingCore(t, w, c.entries...)
		s := &session.Session{Env: &env.Env{Streams: &cli.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}}, Trust: w.Trust(), Core: core,
			View: view.New(core, w.Trust().Log(), t.TempDir())}
		got, err := Gather(t.Context(), s, clitest.OpenRun(t, w))
		if marketops.CodeOf(err) != c.code || err == nil && len(got.Entries) != len(c.entries) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
}
