package show

import (
	"bytes"
	"context"
	"testing"

	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt"
	"github.com/spf13/cobra"
)

func note(got *Options) *cobra.Command {
	return command(nil, func(_ context.Context, _ *env.Env, o Options) error { *got = o; return nil })
}

func TestFlags(t *testing.T) {
	clitest.Flags(t, note, map[string]Options{
		"c-1": {Receipt: "c-1"},
	})
}

func TestRefusals(t *testing.T) {
	clitest.Refusals(t, clitest.Of(New),
		clitest.Refusal{Line: "", Exit: cli.ExitUsage, Says: "accepts 1 arg(s)"},
		clitest.Refusal{Line: "receipts/1.json", Exit: cli.ExitError, Says: "state-missing"},
	)
}

// TestEveryMember: a receipt is shown whole, with the key that signed it.
func TestEveryMember(t *testing.T) {
	rec := logworld.New().Allow().Receipt.Record
	v := receiptView{Digest: rec.Digest, By: "authority core.example", Key: rec.By, Receipt: rec.Body.(*receipt.Receipt), State: "claimed", Outcome: "success",
		Effects: []receipt.Effect{{Name: "tag", State: "adopted", Earlier: &rec.Digest}, {Name: "release", State: "applied", Attempts: 2}}}
	var out bytes.Buffer
	printReceipt(&cli.Streams{Out: &out}, v)
	if hidden := clitest.Unshown(t, v, out.String(), "schema", "epoch", "type"); len(hidden) > 0 {
		t.Errorf("not shown: %q\n%s", hidden, out.String())
	}
}

// TestForgedReceipts: what has no valid signature stands in the place of no receipt.
func TestForgedReceipts(t *testing.T) {
	w := logworld.New()
	l := w.Allow()
	id := l.Receipt.Record.Body.(*receipt.Receipt).ReceiptID
	good, forged, vote := clitest.EntryOf(l.Receipt), clitest.Forged(l.Receipt), clitest.EntryOf(l.First)
	for name, c := range map[string]struct {
		entries []api.Entry
		found   bool
	}{
		"control":       {[]api.Entry{vote, good}, true},
		"forged before": {[]api.Entry{forged, vote, good}, true},
		"forged alone":  {[]api.Entry{forged, vote}, false},
	} {
		all, err := clitest.LyingCore(t, w, c.entries...).Records(t.Context(), w.Run)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := pick(w.Trust(), all, id)
		if (err == nil) != c.found || c.found && !bytes.Equal(got, good.Envelope) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestShows: the first line tells what was verified from what the Core says, for each state.
func TestShows(t *testing.T) {
	r := logworld.New().Allow().Receipt.Record.Body.(*receipt.Receipt)
	for _, c := range []struct {
		state   api.State
		outcome receipt.Status
		late    bool
		want    string
	}{
		{notAsked, "", false, "authorised; whether it was published was not asked"},
		{api.StateNone, "", false, "authorised; the Core says: unused, not published"},
		{api.StateNone, "", true, "authorised; the Core says: not published, and its time is over"},
		{api.StateRevoked, "", false, "authorised; the Core says: revoked, not published"},
		{api.StateClaimed, "", false, "authorised; the Core says: claimed, not known whether published"},
		{api.StateExecuting, "", false, "authorised; the Core says: executing, not known whether published"},
		{api.StateClosed, receipt.Rejected, false, "authorised; the Core says: rejected, not published"},
		{api.StateClosed, receipt.Failed, false, "authorised; the Core says: failed, not published as authorised"},
		{api.StateDecided, receipt.Unknown, false, "authorised; the Core says: unknown whether published"},
		{api.StateClosed, receipt.Success, false, "authorised; the Core says: published"},
	} {
		now := r.ExpiresAt - 1
		if c.late {
			now = r.ExpiresAt
		}
		if got := shows(receiptView{Receipt: r, State: c.state, Outcome: c.outcome}, now); got != c.want {
			t.Errorf("%s %s: %q", c.state, c.outcome, got)
		}
	}
}
