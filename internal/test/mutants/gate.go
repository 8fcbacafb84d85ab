package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	tallyFile  = "receipt/gate/tally.go"
	checksFile = "receipt/gate/checks.go"
	loggedFile = "receipt/gate/logged.go"
)

var gateMutants = []mutant{
	{"duplicates", "counting persons instead of approvals", "receipt/gate", "TestTally", []overlay.Patch{
		{File: tallyFile, Old: "return len(seen)", New: "for _, v := range t.counted { seen[v.Record.Digest.Hex()] = true }; return len(seen)"},
	}},
	{"audience", "the binding to the publishers who may use it", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: "slices.Contains(r.Audience, e.ask.Publisher)", New: "(true || slices.Contains(r.Audience, e.ask.Publisher))"},
	}},
	{"run", "the binding to a run", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: "r.RunID == e.ask.Run && r.RunID.Valid()", New: "true"},
	}},
	{"kind", "the binding to a kind of operation", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: `r.OperationKind == op.Kind && op.Kind != ""`, New: "true"},
	}},
	{"repository", "the binding to a repository by its number", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: "r.Target == op.Target && ", New: ""},
	}},
	{"content", "comparing the file with the one that was authorised", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: "if expected != got {", New: "if false {"},
	}},
	{"inclusion", "proving that the receipt stands in the log", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: loggedFile, Old: "return rec, log.VerifyInclusion(", New: "return rec, nil; return rec, log.VerifyInclusion("},
	}},
}
