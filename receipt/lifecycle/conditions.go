package lifecycle

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// Condition is one rule for the records of a log. The Core admits by it, packs and audits judge by it.
type Condition struct {
	Record receipt.Kind   // that breaks it; "" is any
	Holds  string         // what must be so
	Code   marketops.Code // of a finding
	Check  string         // of the report
}

// Conditions are all of them, in the order of the page that explains them.
var Conditions []*Condition

func condition(record receipt.Kind, check string, code marketops.Code, holds string) *Condition {
	c := &Condition{record, holds, code, check}
	Conditions = append(Conditions, c)
	return c
}

// Of any record.
var (
	inLog    = condition(receipt.KindRequest, Order, marketops.OrderViolation, "a request to the Core does not stand in a log")
	unlogged = condition(receipt.KindAnswer, Order, marketops.OrderViolation, "an answer of the Core does not stand in a log")
	below    = condition("", Order, marketops.OrderViolation, "every record that a record names stands below it")
	onePlan  = condition("", Order, marketops.PlanMismatch, "a record of a run names the plan of the run's submission")
	notSoon  = condition("", Order, marketops.OrderViolation, "a record is not dated before one that it names: by the same signer not at all, by another not more than 60 s")
	sameRun  = condition("", Claims, marketops.RunMismatch, "a record about a receipt repeats its run")
	sameID   = condition("", Claims, marketops.ReceiptReused, "a record about a receipt repeats its receipt id")
	sameWork = condition("", Claims, marketops.OperationMismatch, "a record about a receipt repeats its operation")
)

// Of submissions and approvals.
var (
	ownSubmission = condition(receipt.KindSubmission, Order, marketops.KeyUnknown, "a submission is signed by a key of its requester")
	oneSubmission = condition(receipt.KindSubmission, Order, marketops.RunMismatch, "a run has one submission")
	approvalRun   = condition(receipt.KindApproval, Order, marketops.RunMismatch, "an approval is of its submission's run")
	approvalPlan  = condition(receipt.KindApproval, Order, marketops.PlanMismatch, "an approval is of its submission's plan and lists its operations")
	approvalAsks  = condition(receipt.KindApproval, Order, marketops.ApprovalMissing, "an approval names the requester of its submission")
)

// Of receipts and revocations. The gate's own questions are not repeated here.
var (
	receiptID     = condition(receipt.KindReceipt, Claims, marketops.ReceiptReused, "no two receipts have one id")
	approvalOnce  = condition(receipt.KindReceipt, Approvals, marketops.ApprovalSpent, "an approval serves another receipt for an operation only when the one before has ended without its last effect, or was not claimed and has expired, within 60 s; and none after a revocation")
	erasedVeto    = condition(receipt.KindReceipt, Approvals, marketops.RecordWithheld, "no record of a member of a group of the minimum that was withheld stands between submission and receipt")
	revokedOnce   = condition(receipt.KindRevocation, Claims, marketops.OrderViolation, "a receipt is revoked once")
	revokedInTime = condition(receipt.KindRevocation, Outcomes, marketops.OrderViolation, "a revocation stands below the receipt's outcome")
	revokedBy     = condition(receipt.KindRevocation, Claims, marketops.KeyUnknown, "a revocation names a person whom revokers lets revoke this kind and target")
)

// Of claims and intents.
var (
	claimEnded    = condition(receipt.KindClaim, Outcomes, marketops.OrderViolation, "no claim follows the outcome of its receipt")
	claimRevoked  = condition(receipt.KindClaim, Claims, marketops.Revoked, "no claim follows the revocation of its receipt")
	claimVetoed   = condition(receipt.KindClaim, Claims, marketops.RejectedByApprover, "no eligible rejection of the run stands below the first claim of a receipt")
	claimAfter    = condition(receipt.KindClaim, Claims, marketops.PrerequisiteOpen, "each operation that the plan names in after has succeeded in the run, below the first claim of a receipt; where the plan was given")
	claimAudience = condition(receipt.KindClaim, Claims, marketops.AudienceMismatch, "a claim is for a publisher of the receipt's audience")
	claimEpoch    = condition(receipt.KindClaim, Claims, marketops.ReceiptReused, "the claims of a receipt have the epochs 1, 2, …, each names the one before, and no epoch has two")
	claimAlone    = condition(receipt.KindClaim, Claims, marketops.OperationInFlight, "one receipt is live for each op_key, from its first claim to its end")
	intentEnded   = condition(receipt.KindIntent, Outcomes, marketops.OrderViolation, "no intent follows the outcome of its receipt")
	intentRevoked = condition(receipt.KindIntent, Claims, marketops.Revoked, "no intent follows the revocation of its receipt")
	intentVetoed  = condition(receipt.KindIntent, Claims, marketops.RejectedByApprover, "no eligible rejection of the run stands below the first intent of a receipt")
	intentClaim   = condition(receipt.KindIntent, Intents, marketops.ReceiptReused, "an intent names the newest claim and repeats its epoch")
	intentSigner  = condition(receipt.KindIntent, Intents, marketops.AudienceMismatch, "an intent is signed by the publisher that claimed")
	intentOnce    = condition(receipt.KindIntent, Intents, marketops.ReceiptReused, "an epoch has one intent")
)

// Of outcomes and resolutions.
var (
	outcomeOnce     = condition(receipt.KindOutcome, Outcomes, marketops.ReceiptReused, "a receipt has one outcome")
	outcomeKind     = condition(receipt.KindOutcome, Outcomes, marketops.KindMismatch, "an outcome repeats the receipt's kind")
	outcomeEffects  = condition(receipt.KindOutcome, Outcomes, marketops.OperationMismatch, "the effects of an outcome are those of its operation")
	outcomeAdopts   = condition(receipt.KindOutcome, Outcomes, marketops.OperationMismatch, "what an outcome adopts was tried under another receipt for the operation, in the same run, whose outcome stands below, and no outcome of the operation from there on calls it absent")
	outcomeSigner   = condition(receipt.KindOutcome, Outcomes, marketops.AudienceMismatch, "a publisher's outcome is signed by the publisher of the newest claim and repeats its epoch")
	outcomeLedger   = condition(receipt.KindOutcome, Outcomes, marketops.KeyUnknown, "the ledger says only rejected, for a reason that the log shows, or unknown, after its grace; and quotes no checkpoint")
	outcomeEpoch    = condition(receipt.KindOutcome, Outcomes, marketops.OrderViolation, "an outcome of the ledger is of the epoch after the newest claim's")
	outcomeEarly    = condition(receipt.KindOutcome, Outcomes, marketops.OrderViolation, "the ledger rejects as expired only what has expired, within 60 s")
	outcomeIntent   = condition(receipt.KindOutcome, Outcomes, marketops.OrderViolation, "an outcome names the newest intent of its receipt by its position")
	outcomeSeen     = condition(receipt.KindOutcome, Outcomes, marketops.OrderViolation, "the checkpoint of a publisher's outcome holds the intent and ends below the outcome")
	outcomeRoot     = condition(receipt.KindOutcome, Roots, marketops.RootDisputed, "every root that an outcome quotes is the log's at that size")
	outcomeRevoked  = condition(receipt.KindOutcome, Outcomes, marketops.Revoked, "the outcome of a revoked receipt is rejected")
	successOnce     = condition(receipt.KindOutcome, Outcomes, marketops.ReceiptReused, "an operation succeeds once, and under one receipt only")
	resolvesUnknown = condition(receipt.KindResolution, Outcomes, marketops.OrderViolation, "a resolution names an outcome that is unknown, and its position")
	resolvesOnce    = condition(receipt.KindResolution, Outcomes, marketops.OrderViolation, "an outcome has one resolution")
	resolvesMay     = condition(receipt.KindResolution, Outcomes, marketops.KeyUnknown, "a resolution is signed by a person whom resolvers lets resolve this kind and target")
)

// Of the versions of trust.json. What a version says of keys, persons and minimums is asked of each record
// under the version in force at its place.
var (
	receiptTrust = condition(receipt.KindReceipt, Order, marketops.TrustRolledBack, "a receipt names the version of trust.json in force at its place")
	adoptsNext   = condition(receipt.KindTrustAdopted, Order, marketops.TrustRolledBack, "a trust-adopted names the version in force below it, and adopts a later one; in the first leaf of a log it names none")
	adoptsInTime = condition(receipt.KindTrustAdopted, Order, marketops.OrderViolation, "a version is adopted with the effective time that it has, and not before that, within 60 s")
)

// Of seals.
var (
	sealNames    = condition(receipt.KindRunClosed, RunClosed, marketops.OrderViolation, "the seal of a run names exactly the run's records below it, in their order, with their counts")
	sealPrevious = condition(receipt.KindRunClosed, RunClosed, marketops.OrderViolation, "the seal of a run names the one before")
	shardSeal    = condition(receipt.KindShardSealed, Order, marketops.OrderViolation, "the seal of a log names every entry below it")
	shardRoot    = condition(receipt.KindShardSealed, Roots, marketops.SplitView, "the seal of a log quotes its root")
	shardEnd     = condition("", Order, marketops.OrderViolation, "nothing stands above the seal of a log")
	shardBegin   = condition(receipt.KindShardGenesis, Order, marketops.OrderViolation, "a log that continues another says so in its first leaf, under its own origin")
)

// broken reports that e does not meet a condition. subject is what the report speaks of.
func (r *records) broken(c *Condition, subject string, expected, got any, detail string, args ...any) {
	f := Finding{Condition: c, Check: c.Check, Subject: subject, Code: c.Code, Detail: c.Holds}
	if detail != "" {
		f.Detail += ": " + fmt.Sprintf(detail, args...)
	}
	if expected != nil {
		f.Expected, f.Got = fmt.Sprint(expected), fmt.Sprint(got)
	}
	r.report(f)
}

// equal reports a broken condition unless the two are equal.
func equal[T comparable](r *records, c *Condition, subject string, want, got T) bool {
	if want != got {
		r.broken(c, subject, want, got, "")
	}
	return want == got
}
