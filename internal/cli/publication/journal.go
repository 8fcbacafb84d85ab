package publication

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
)

// operationJournal lets a port write into the run's journal.
type operationJournal struct {
	*plan.OperationJournal
	op marketops.Operation // whose journal it is
}

// Call implements [publisher.Journal].
func (j operationJournal) Call(c publisher.CallEvidence) error { return j.Append("call", c) }
