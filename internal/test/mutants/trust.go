package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	trustFile    = "receipt/trust/trust.go"
	versionsFile = "receipt/trust/versions.go"
	courseFile   = "receipt/trust/course.go"
)

var trustMutants = []mutant{
	{"revoked", "refusing revoked keys", "receipt/trust", "TestAdmitWindowAndRevocation", []overlay.Patch{
		{File: trustFile, Old: "if t.revokedAt(h.Key, pos)", New: "if false"},
	}},
	{"revokedafter", "keeping a key revoked in the logs that follow", "verifier/audit", "TestRevokedBeforeTheFreeze", []overlay.Patch{
		{File: trustFile, Old: "|| t.isAfter(pos.Origin, from.Origin)", New: ""},
	}},
	{"revokednewest", "asking the newest version which keys are revoked", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: versionsFile, Old: "h.Key.RevokedFrom = newer.Key.RevokedFrom", New: "_ = newer"},
	}},
	{"chain", "proving a version by the digest in the one after it", "receipt/trust", "TestBrokenChains", []overlay.Patch{
		{File: versionsFile, Old: "older.digest != last.file.Previous", New: "false"},
	}},
	{"overdue", "refusing receipts under a version that was to be replaced", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: versionsFile, Old: "next != nil && at >", New: "false && next != nil && at >"},
	}},
	{"lawoftoday", "judging a receipt by the version that it names", "receipt/gate", "TestNextVersionChangesNothing", []overlay.Patch{
		{File: "receipt/gate/open.go", Old: "law, err := e.trust.Named(e.receipt.Trust)", New: "law, err := e.trust, error(nil)"},
	}},
	{"vetolaw", "asking for vetoes under the version at the claim", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: "receipt/gate/approvals.go", Old: "		t.veto(v, e.trust)\n", New: ""},
	}},
	{"vetoleft", "asking for vetoes under the version that the receipt names, afterwards", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: "receipt/lifecycle/votes.go", Old: "		laws = append(laws, law)\n", New: "		_ = law\n"},
	}},
	{"vetokey", "knowing a person who rejected by name", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: "receipt/lifecycle/votes.go", Old: "law.Person(r.vote.Person.Name)", New: "law.Holder(r.vote.Record.By)"},
		{File: "receipt/lifecycle/votes.go", Old: "		laws = append(laws, law)\n", New: "		_ = law\n"},
	}},
	{"receiptdate", "holding an intent to the receipt's date", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: "receipt/lifecycle/claims.go", Old: "	c.checkDate(e, h.issued, h.By[0])\n	if h.Revoked {\n		c.broken(intentRevoked", New: "	if h.Revoked {\n		c.broken(intentRevoked"},
	}},
	{"laterkey", "leaving open a key that a version which may be in force lists", "verifier", "TestAdoptionLeftOut", []overlay.Patch{
		{File: "verifier/records.go", Old: "			refused = slices.DeleteFunc(refused, v.mayBeOfLater)\n", New: ""},
	}},
	{"sealdate", "dating a seal after what the same ledger signed", "receipt/lifecycle", "TestAttacks", []overlay.Patch{
		{File: "receipt/lifecycle/runs.go", Old: "run.latest[by], by)", New: "run.latest[by], \"\")"},
	}},
	{"auditdates", "holding the records of a log to the cosignatures' time", "verifier/audit", "TestAttacks", []overlay.Patch{
		{File: "verifier/audit/finish.go", Old: "	a.checkDates()\n", New: ""},
	}},
	{"course", "judging a record by the version in force at its place", "verifier", "TestControl", []overlay.Patch{
		{File: courseFile, Old: "return c.newest.First()\n	}\n	return", New: "return c.newest, nil\n	}\n	return"},
	}},
	{"olderadopted", "taking no older version into force", "receipt/trust", "TestCourse", []overlay.Patch{
		{File: courseFile, Old: "c.steps[len(c.steps)-1].Trust.Version >= ref.Version", New: "false"},
	}},
	{"packtrust", "refusing strange trust files in a pack", "verifier", "TestTrustFilesInPacks", []overlay.Patch{
		{File: "verifier/records.go", Old: "if len(strange) > 0 {", New: "if clear(strange); len(strange) > 0 {"},
	}},
	{"notathand", "leaving open what cannot be judged", "verifier", "TestVersionsAtHand", []overlay.Patch{
		{File: "verifier/verdict.go", Old: ", marketops.TrustUnavailable}", New: "}"},
	}},
	{"adoptalone", "taking no call while a version comes into force", "federation/core", "TestCallUnderWay", []overlay.Patch{
		{File: adoptFile, Old: "	r.mu.Lock()\n", New: ""}, {File: adoptFile, Old: "	r.mu.Unlock()\n", New: ""},
	}},
	{"adoptearly", "waiting until a version is effective", "federation/core", "TestEffective", []overlay.Patch{
		{File: adoptFile, Old: "next.trust.File().Effective; r.now() < at", New: "next.trust.File().Effective; r.now() < at && false"},
		{File: adoptFile, Old: "next.File().Effective; r.now() < at", New: "next.File().Effective; r.now() < at && false"},
	}},
	{"adoptlate", "refusing a version that comes too late", "federation/core", "TestTooLate", []overlay.Patch{
		{File: adoptFile, Old: "if err != nil || latest <= first.File().Effective+trust.AdoptWithin {", New: "if true {"},
	}},
	{"passedover", "looking at a version that was passed over", "federation/core", "TestTooLate", []overlay.Patch{
		{File: adoptFile, Old: "first := firstAfter(next, before)", New: "first := next"},
	}},
	{"restartforce", "finding in the log which version is in force", "federation/core", "TestEffective", []overlay.Patch{
		{File: adoptFile, Old: "	r.active.Store(&activeRules{trust: law, policy: onDisk.policy})\n", New: ""},
	}},
}

const adoptFile = "federation/core/adopt.go"
