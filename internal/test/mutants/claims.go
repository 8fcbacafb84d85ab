package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	rowFile    = "log/claims/row.go"
	stepFile   = "log/claims/step.go"
	voteFile   = "log/claims/vote.go"
	revokeFile = "log/claims/revoke.go"
	schemaFile = "log/claims/schema.go"
	noteFile   = "log/claims/draft.go"
)

// tried removes what keeps a claim from ending as rejected after an attempt, in the code and in the database.
var tried = []overlay.Patch{
	{File: stepFile, Old: "return c.untried()\n", New: "return c.open()\n"},
	{File: schemaFile, Old: "  CHECK(outcome <> 'rejected' OR attempts = 0),\n", New: ""},
}

var claimsMutants = []mutant{
	{"rejecttried", "ending as rejected only what was not tried", "log/claims", "TestEveryStepInEverySituation", tried},
	{"revoketried", "refusing a revocation after an attempt", "log/claims", "TestRevokeOrAttemptNeverBoth", append(tried,
		overlay.Patch{File: revokeFile, Old: "case !c.untried():", New: "case !c.open():"})},
	{"settletried", "leaving open what was tried when its receipt expires", "log/claims", "TestEveryStepInEverySituation", append(tried,
		overlay.Patch{File: revokeFile, Old: "case c.untried() && t.now", New: "case c.open() && t.now"})},
	{"after", "claiming nothing whose prerequisite has not succeeded", "log/claims", "TestPrerequisite", []overlay.Patch{
		{File: "log/claims/admit.go", Old: "t.judgeAfter, ", New: ""},
	}},
	{"afterlogged", "claiming nothing before the log shows the success of its prerequisite", "log/claims", "TestPrerequisite", []overlay.Patch{
		{File: "log/claims/after.go", Old: " AND outcome_index IS NOT NULL AND\n\t\t\t(resolution IS NULL OR EXISTS(SELECT 1 FROM frozen WHERE digest = claim.resolution AND log_index IS NOT NULL))", New: ""},
	}},
	{"afterrun", "asking for the success of a prerequisite in the same run", "log/claims", "TestPrerequisite", []overlay.Patch{
		{File: "log/claims/after.go", Old: "t.find(`run_id = ? AND", New: "t.find(`? <> '' AND"},
	}},
	{"strucktried", "striking no draft after an attempt", "log/claims", "TestDrafts", []overlay.Patch{
		{File: noteFile, Old: "if attempts > 0 {", New: "if false {"},
	}},
	{"struckagain", "handing out no draft that was struck", "log/claims", "TestDrafts", []overlay.Patch{
		{File: noteFile, Old: " HAVING max(struck) = 0", New: ""},
	}},
	{"strucknoted", "noting no draft again that was struck", "log/claims", "TestDrafts", []overlay.Patch{
		{File: noteFile, Old: "case struck > 0:", New: "case false:"},
	}},
	{"door", "opening the door once only", "log/claims", "TestOneDoor", []overlay.Patch{
		{File: stepFile, Old: `t.loadHeld("execute", receipt, epoch, owner, Claimed)`,
			New: `t.loadHeld("execute", receipt, epoch, owner, Claimed)
		if errors.Is(err, ErrState) {
			c, err = t.loadHeld("execute", receipt, epoch, owner, Executing)
			return c.Claim, err
		}`, Import: "errors"},
	}},
	{"guard", "asking for votes until the first attempt", "log/claims", "TestGuardSeesVotes", []overlay.Patch{
		{File: voteFile, Old: "if c.Attempts > 0 {", New: "if true {"},
	}},
	{"guardattempt", "asking for votes before the first attempt", "federation/core", "TestVetoByNewTrust", []overlay.Patch{
		{File: stepFile, Old: "err := t.ask(guard, c.Claim); err != nil {\n\t\t\treturn 0, err", New: "err := t.ask(guard, c.Claim); false {\n\t\t\treturn 0, err"},
	}},
	{"vetotried", "letting a veto end only what was not tried", "log/claims", "TestVoteEndsClaims", []overlay.Patch{
		{File: rowFile, Old: "run_id = ? AND attempts = 0 ORDER BY", New: "run_id = ? ORDER BY"},
	}},
	{"shares", "asking the shares in the transaction that freezes", "log/claims", "TestShareAtOnce", []overlay.Patch{
		{File: "log/claims/record.go", Old: "if err := t.requireShares(r); err != nil {", New: "if err := t.requireShares(r); false {"},
	}},
	{"hold", "letting others take over from who renews for ever", "log/claims", "TestLeaseEnds", []overlay.Patch{
		{File: stepFile, Old: "min(t.now.Add(lease), began.Add(maxHold))", New: "max(t.now.Add(lease), began)"},
	}},
	{"epoch", "fencing out an epoch that was overtaken", "log/claims", "TestTakeoverFencesTheOldEpoch", []overlay.Patch{
		{File: rowFile, Old: "case c.Epoch != epoch || c.Owner != owner:", New: "case false:"},
	}},
	{"expiry", "asking for expiry again before a visible effect", "log/claims", "TestExpiry", []overlay.Patch{
		{File: stepFile, Old: "err := t.fresh(c.ExpiresAt); err != nil {\n\t\t\treturn 0, err", New: "err := t.fresh(c.ExpiresAt); false {\n\t\t\treturn 0, err"},
	}},
}
