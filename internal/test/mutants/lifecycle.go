package main

import (
	"slices"

	"github.com/omega/marketops/internal/test/overlay"
)

const outcomesFile = "receipt/lifecycle/outcomes.go"

var lifecycleMutants = slices.Concat([]mutant{
	{"publisher-alarm", "taking a root that an outcome quotes for the word of its signer", "verifier/audit", "TestRootOfAPublisher", []overlay.Patch{
		{File: outcomesFile, Old: "\t\t\tf.Code = marketops.RootDisputed\n", New: ""},
	}},
	// The model of the protocol (docs/model) makes this mistake too.
	{"physical", "counting a leaf that was appended twice once", "verifier/audit", "TestOneRecordTwice", []overlay.Patch{
		{File: outcomesFile, Old: "h.Outcome.Leaf == e.Leaf", New: "false"},
	}},
	{"outcomeintent", "holding an outcome to the newest intent", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: outcomesFile, Old: "if !newest {", New: "if !newest && false {"},
	}},
	{"auditafter", "finding a claim before the success of its prerequisite", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: "receipt/lifecycle/after.go", Old: "			c.openPrerequisite(w)\n", New: ""},
	}},
	{"packafter", "finding it in a pack that holds the success", "verifier", "TestAttacks", []overlay.Patch{
		{File: outcomesFile, Old: "	o.endWaits(func(w Wait) bool { return w.run == h.run && w.Prerequisite == h.Operation })\n", New: ""},
	}},
	{"sealafter", "finding it in a pack that excludes the success", "verifier", "TestAttacks", []overlay.Patch{
		{File: "receipt/lifecycle/runs.go", Old: "if run.holds(c.Records) {", New: "if false {"},
	}},
	{"useagain", "holding approvals to one receipt at a time", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: "receipt/lifecycle/votes.go", Old: "v.useAgain(h, v.receipt(old.receipt), d)", New: ""},
	}},
	{"auditadopts", "adopting only what an earlier receipt tried", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: outcomesFile, Old: "case !slices.Contains(from.tried, effect.Name):", New: "case false:"},
	}},
	{"unopened", "failing a record by an unknown key below the place where judging ends", "verifier", "TestNewKeyForAnOldVerifier", []overlay.Patch{
		{File: "verifier/records.go", Old: "if u.index < below {", New: "if false && u.index < below {"},
	}},
	{"unopenedabove", "judging no unknown key above the place where judging ends", "verifier", "TestNewKeyForAnOldVerifier", []overlay.Patch{
		{File: "verifier/records.go", Old: "v.failUnopened(e.Position.Index)", New: "v.failUnopened(log.MaxSize)"},
	}},
	{"adoptgone", "adopting nothing that a newer outcome calls absent", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: outcomesFile, Old: "h.Outcome.Index > from.Outcome.Index && ", New: "false && "},
	}},
	{"auditabsent", "adopting nothing that was found absent", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: outcomesFile, Old: "} else if e.Attempts > 0 {", New: "}\n\t\tif e.Attempts > 0 {"},
	}},
}, deaf("claimVetoed", "intentVetoed", "claimRevoked", "intentRevoked", "intentEnded", "intentClaim", "outcomeEarly", "outcomeLedger",
	"outcomeSigner", "outcomeEffects", "revokedBy", "revokedOnce", "approvalAsks", "oneSubmission", "onePlan", "notSoon", "receiptTrust", "adoptsNext", "adoptsInTime", "approvalOnce", "outcomeAdopts"))

// deaf are a tracker that does not hear of one condition of its table each.
func deaf(conditions ...string) (out []mutant) {
	for _, name := range conditions {
		out = append(out, mutant{name, "holding a log to the condition " + name, "receipt/lifecycle", "TestEveryCondition", []overlay.Patch{
			{File: "receipt/lifecycle/conditions.go", Old: "	f := Finding{Condition: c,", New: "	if c == " + name + " {\n		return\n	}\n	f := Finding{Condition: c,"},
		}})
	}
	return out
}
