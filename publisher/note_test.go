package publisher_test

import (
	"context"
	"errors"
	"testing"

	"github.com/omega/marketops"
)

// note writes a claim note into the journal of a run folder, as a person who can write there could.
func (r *run) note(dir, receipt string) {
	r.Helper()
	s := r.sit("pub", dir)
	defer s.leave()
	r.ok(s.jobs[0].Journal.Record("claim", receipt))
}

// TestForgedClaimNote: the one note that the publisher reads says which receipt the folder began. Forged, it changes
// nothing but whether the outcome is reported, and that is the log's.
func TestForgedClaimNote(t *testing.T) {
	s := newStage(t)
	r := s.authorised(s.releaseOp())
	id := string(r.plan.Receipt(0).ReceiptID)

	// Before anything was claimed it is not done.
	dir := r.folder()
	r.note(dir, id)
	results, err := r.publish("pub", dir)
	if err != nil || results[0].Status != "success" || results[0].Already {
		t.Fatalf("with a note and no claim: %+v, %v", results, err)
	}
	before := len(s.hub.Requests())

	// In a folder that began nothing it is the gate's refusal, and with the note the outcome that the log proves.
	for name, c := range map[string]struct{ note, status string }{
		"no note": {"", "refused"}, "another receipt": {"c-00000000000000000000000000000001", "refused"},
		"no receipt": {"../../x", "refused"}, "the receipt": {id, "success"},
	} {
		other := r.folder()
		if c.note != "" {
			r.note(other, c.note)
		}
		p := r.sit("pub", other)
		results, err := p.Run(context.Background(), marketops.Prod, p.jobs)
		if err != nil || string(results[0].Status) != c.status || c.status == "refused" && !errors.Is(results[0].Err, marketops.Consumed) {
			t.Errorf("%s: %+v, %v", name, results, err)
		}
		if c.status == "success" && (!results[0].Already || results[0].Entry.Digest != r.told(0).entries[2].Digest) {
			t.Errorf("%s: another outcome than the log's: %+v", name, results)
		}
		p.leave()
	}
	if n := len(s.hub.Requests()); n != before {
		t.Errorf("%d requests were sent", n-before)
	}
}
