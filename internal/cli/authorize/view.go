package authorize

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/session"
)

type decisionsView struct {
	Schema     string              `json:"schema"`
	Run        marketops.RunID     `json:"run"`
	Authorized bool                `json:"authorized"` // every operation
	Receipts   []session.EntryView `json:"receipts"`
	Operations []operationView     `json:"operations"`
	Problem    *cli.Problem        `json:"problem"` // null if all are authorised
	Exit       int                 `json:"exit"`
}

// operationView is the answer for one operation.
type operationView struct {
	Number     int                 `json:"number"`
	Kind       marketops.Kind      `json:"kind"`
	Repository string              `json:"repository"`
	Resource   string              `json:"resource"`
	Authorized bool                `json:"authorized"`
	Receipt    marketops.ReceiptID `json:"receipt"`    // "" if denied
	ExpiresAt  *marketops.Time     `json:"expires_at"` // null if denied
	Leaf       uint64              `json:"leaf"`       // of the receipt or the advisory
	Problem    *cli.Problem        `json:"problem"`    // null if authorised
}

// lines are the answer for people.
func (v operationView) lines() []string {
	head := fmt.Sprintf("%d  %s %s %s: ", v.Number, v.Kind, v.Repository, v.Resource)
	if v.Problem == nil {
		return []string{fmt.Sprintf("%sauthorised for one use until %s: receipt %s, leaf %d", head, v.ExpiresAt, v.Receipt, v.Leaf)}
	}
	return []string{fmt.Sprintf("%srefused: %s, leaf %d", head, v.Problem.Code, v.Leaf), "   why   " + v.Problem.What, "   next  " + v.Problem.Next}
}
