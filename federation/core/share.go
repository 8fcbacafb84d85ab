package core

import (
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/recorder"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// counted is what the ledger keeps of a record that takes a share of its limits. Package federation has the numbers.
func counted(rec *receipt.Record, who string, shares ...claims.Share) claims.Record {
	row := recorder.Frozen(rec)
	row.Who, row.Shares = who, shares
	return row
}

// sharesOfVote keep the last of a person's verdicts for a rejection, so that approvals, which end, cannot use up the
// right to stop a run.
func sharesOfVote(v receipt.Verdict) claims.Share {
	most := federation.VotesPerRun
	if v != receipt.Reject {
		most--
	}
	return claims.Share{Scope: claims.OfOneInRun, Max: most}
}

// sharesOfSubmission bound the submissions of a day, of one person and of all.
func sharesOfSubmission(l federation.Limits) []claims.Share {
	return []claims.Share{
		{Scope: claims.OfOne, Within: federation.Day, Max: l.SubmissionsPerPerson, MaxBytes: federation.SubmittedBytes},
		{Scope: claims.OfAll, Within: federation.Day, Max: l.SubmissionsPerDay},
	}
}

// refusedShare counts the refusals of one's calls; those that a publisher hands in count by themselves.
func refusedShare(h trust.Holder) string { return "refused " + federation.ShareOf(h) }

func sharesOfRefusal(perRun, perDay int) []claims.Share {
	return []claims.Share{{Scope: claims.OfOneInRun, Max: perRun}, {Scope: claims.OfOne, Within: federation.Day, Max: perDay}}
}
