package federation

import (
	"fmt"

	"github.com/omega/marketops"
)

// Limits bound what is taken on. A zero limit allows nothing.
type Limits struct {
	ReceiptsPerRepository int // live at one time
	SubmissionsPerDay     int // over all requesters
	OperationsPerPlan     int
}

// AdmitSubmission refuses a plan that is too large, or one submission too many, with
// [marketops.LimitReached]. today counts the submissions of the last 24 hours.
func (l Limits) AdmitSubmission(operations, today int) error {
	if operations > l.OperationsPerPlan {
		return marketops.Refuse(marketops.LimitReached, fmt.Sprintf("the plan has %d operations, at most %d are taken", operations, l.OperationsPerPlan))
	}
	if today >= l.SubmissionsPerDay {
		return marketops.Refuse(marketops.LimitReached, fmt.Sprintf("%d submissions within 24 hours, at most %d are taken", today, l.SubmissionsPerDay))
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
