package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	auditDocumentsFile = "verifier/audit/documents.go"
	packDocumentsFile  = "verifier/documents.go"
)

var verifierMutants = []mutant{
	{"undocumented", "counting the receipts whose operation document was not given", "verifier/audit", "TestGivenDocuments", []overlay.Patch{
		{File: auditDocumentsFile, Old: "\t\ta.undocumented++\n", New: "\t\ta.undocumented += 0\n"},
	}},
	{"misnamed", "asking a file of the documents for its digest as its name", "verifier/audit", "TestGivenDocuments", []overlay.Patch{
		{File: auditDocumentsFile, Old: `strings.TrimSuffix(name, ".json") != got.Hex()`, New: "false"},
	}},
	{"foreign", "asking whether a file of the documents is one", "verifier/audit", "TestGivenDocuments", []overlay.Patch{
		{File: auditDocumentsFile, Old: "_, err = marketops.ParseOperation(b)\n", New: "_, _ = marketops.ParseOperation(b)\n\t\terr = nil\n"},
	}},
	{"dateless-resume", "keeping in a state the latest date of all records", "verifier/audit", "TestResumeChangesNothing", []overlay.Patch{
		{File: "verifier/audit/state.go", Old: "h.Ledger, h.Latest, h.Erased, h.Undocumented", New: "h.Ledger, 0, h.Erased, h.Undocumented"},
	}},
	{"forgetful-resume", "keeping in a state how many receipts had no document", "verifier/audit", "TestResumedDocuments", []overlay.Patch{
		{File: "verifier/audit/state.go", Old: "h.Latest, h.Erased, h.Undocumented", New: "h.Latest, h.Erased, 0"},
	}},
	{"forgetful-plans", "keeping in a state how many receipts had no plan", "verifier/audit", "TestResumedDocuments", []overlay.Patch{
		{File: "verifier/audit/state.go", Old: "	a.unplanned = h.Unplanned\n", New: ""},
	}},
	{"pack-undocumented", "finding every receipt of a pack without its document", "verifier", "TestUndocumentedReceipts", []overlay.Patch{
		{File: packDocumentsFile, Old: "\t\t\tn++\n", New: "\t\t\treturn 1\n"},
	}},
	{"reported-effects", "saying what is on GitHub of an operation that failed", "verifier/show", "TestGoldens", []overlay.Patch{
		{File: "verifier/show/operations.go", Old: "o.Status != receipt.Success || adopted", New: "adopted"},
	}},
	{"unpublished-files", "asking whether files were published", "verifier/show", "TestWhatWasShown", []overlay.Patch{
		{File: "verifier/files.go", Old: "if s.Status() == receipt.Success {", New: "if s.Status() != \"\" {"},
	}},
	{"shown-anyway", "saying what was shown of what was verified alone", "verifier/show", "TestNothingShown", []overlay.Patch{
		{File: "verifier/shown.go", Old: "\tif !v.report.Verified() {\n\t\treturn\n\t}\n\tfor i, s", New: "\tfor i, s"},
	}},
	{"first-line", "saying first what was shown", "verifier/show", "TestWhatWasShown", []overlay.Patch{
		{File: "verifier/show/show.go", Old: "\t\tp.headline(r)\n", New: "\t\n"},
	}},
	{"without-receipt", "naming the operations of a plan that have no receipt", "verifier/show", "TestGoldens", []overlay.Patch{
		{File: "verifier/summary.go", Old: "\tv.listWithoutReceipt()\n", New: "\t\n"},
	}},
}
