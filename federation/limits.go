package federation

import (
	"fmt"
	"time"

	"github.com/omega/marketops"
)

// What one caller may add, so that no caller uses up what others need. A caller is a person, under all keys that
// trust.json lists for them, or a publisher.
const (
	VotesPerRun       = 8         // verdicts of one person; the last is kept for a rejection
	RefusalsPerRun    = 32        // of one caller's calls that the Core records
	RefusalsPerDay    = 256       // the same in all runs
	HandedInPerRun    = 1024      // refusals that one publisher hands in
	HandedInPerDay    = 4096      // the same in all runs
	RefusalsPerMinute = 60        // both, of one caller
	AdvisoriesPerDay  = 16        // that one person's calls add to a run, for each of its operations
	ClaimsPerDay      = 128       // epochs of one receipt that one publisher is granted
	SubmittedBytes    = 256 << 20 // of one person's submissions within a day
	RefusalTextBytes  = 64 << 10  // of the text of a refusal that is handed in
	ReasonBytes       = 4 << 10   // of the reason of a revocation or a resolution
	EnvelopeBytes     = 1 << 10   // of an envelope beside its payload
	CallsAtOnce       = 128       // of one caller
	BodiesAtOnce      = 64 << 20  // bytes of the bodies of these
	CallsRemembered   = 1 << 13   // signed requests of one caller that have not expired
)

// Day is how far back the limits look that are for a day.
const Day = 24 * time.Hour

// Limits bound what is taken on. A zero limit allows nothing.
type Limits struct {
	ReceiptsPerRepository int // live at one time
	SubmissionsPerDay     int // over all requesters
	SubmissionsPerPerson  int // a day
	OperationsPerPlan     int
}

// AdmitSubmission refuses a plan that is too large with [marketops.LimitReached].
func (l Limits) AdmitSubmission(operations int) error {
	if operations > l.OperationsPerPlan {
		return marketops.Refuse(marketops.LimitReached, fmt.Sprintf("the plan has %d operations, at most %d are taken", operations, l.OperationsPerPlan))
	}
	return nil
}

// room says why a repository cannot have one more live receipt; "" if it can.
func (l Limits) room(live int) string {
	if live < l.ReceiptsPerRepository {
		return ""
	}
	return fmt.Sprintf("%d receipts for this repository are live, at most %d may be", live, l.ReceiptsPerRepository)
}
