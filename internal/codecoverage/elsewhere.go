package main

import "github.com/omega/marketops"

// Why a code has neither vector nor story.
const (
	needsLedger  = "it depends on the state of a ledger, not on one input; tested beside the claims and the Core"
	needsMachine = "it is about a machine: a file, a process or a disk; tested beside the code that meets it"
	needsGitHub  = "it is an answer of GitHub; tested against the practice GitHub"
	needsLog     = "it takes a whole log or pack; tested beside the verifier"
	needsPolicy  = "it is an answer of the policy or of the plan's rules; tested beside them"
)

// elsewhere lists the codes that cannot be a vector or a story, and why. Each must still be named
// by a Go test.
var elsewhere = map[marketops.Code]string{
	marketops.OperationInFlight:   needsLedger,
	marketops.LedgerUnavailable:   needsLedger,
	marketops.LimitReached:        needsLedger,
	marketops.PlanMismatch:        needsLedger,
	marketops.StateMissing:        needsMachine,
	marketops.CoreAlreadyRunning:  needsMachine,
	marketops.KeyUnreadable:       needsMachine,
	marketops.PassphraseWrong:     needsMachine,
	marketops.TokenMissing:        needsMachine,
	marketops.DiskFull:            needsMachine,
	marketops.SourceUnreadable:    needsMachine,
	marketops.RuleDenied:          needsPolicy,
	marketops.PolicyDenied:        needsPolicy,
	marketops.PlanStale:           needsPolicy,
	marketops.FactUnobserved:      needsPolicy,
	marketops.Frozen:              needsPolicy,
	marketops.GitHubDenied:        needsGitHub,
	marketops.GitHubConflict:      needsGitHub,
	marketops.GitHubRateLimited:   needsGitHub,
	marketops.GitHubUnreachable:   needsGitHub,
	marketops.RedirectRefused:     needsGitHub,
	marketops.HostMismatch:        needsGitHub,
	marketops.UploadDigestDiffers: needsGitHub,
	marketops.OutcomeUnknown:      needsGitHub,
	marketops.PackMalformed:       needsLog,
	marketops.NothingToVerify:     needsLog,
	marketops.OrderViolation:      needsLog,
	marketops.ReceiptReused:       needsLog,
}
