package main

import "github.com/omega/marketops/internal/test/overlay"

const jobsFile = "internal/cli/publication/jobs.go"

var cliMutants = []mutant{
	{"urgent", "bringing a waiting version forward that takes trust away", "internal/cli/trust/next", "TestPending", []overlay.Patch{
		{File: "internal/cli/trust/next/next.go", Old: "if o.Urgent {", New: "if false {"},
	}},
	{"unopened-votes", "handing the gate a vote that does not open", "internal/cli/publication", "TestForgedVotesHideNone", []overlay.Patch{
		{File: jobsFile, Old: "(err != nil || !known[rec.LeafHash()])", New: "err == nil && !known[rec.LeafHash()]"},
	}},
	{"onlyopen", "remembering what an earlier try left open when only other operations are published", "internal/cli/inprogress", "TestForgetEnded", []overlay.Patch{
		{File: "internal/cli/inprogress/inprogress.go", Old: "again && len(results) < operations", New: "false && len(results) < operations"},
	}},
	{"shown-effects", "saying what is on GitHub of an operation that failed", "internal/cli/publication", "TestLine", []overlay.Patch{
		{File: "internal/cli/publication/view.go", Old: "codeOf(res.Err) + leaf + OnGitHub(res.Effects)", New: "codeOf(res.Err) + leaf"},
	}},
	{"only", "publishing only the operations that were named", "internal/cli/publish", "TestOnly", []overlay.Patch{
		{File: "internal/cli/publish/only.go", Old: "slices.Contains(only, number)", New: "slices.Contains(only, only[0])"},
	}},
	{"answer", "holding each answer of the Core to its operation", "internal/cli/authorize", "TestCheckAnswer", []overlay.Patch{
		{File: "internal/cli/authorize/authorize.go", Old: "ok = d.Operation == r.Plan.Operations[i].Operation && ", New: "ok = "},
	}},
	{"vote-names", "telling what a record is by the record", "internal/cli/publication", "TestForgedVotesHideNone", []overlay.Patch{
		{File: jobsFile, Old: "kind = rec.Body.Kind()", New: "_ = rec"},
	}},
	{"vote-digests", "telling votes by their leaves", "internal/cli/publication", "TestForgedVotesHideNone", []overlay.Patch{
		{File: jobsFile, Old: "if rec, err := receipt.Open(e.Envelope, t.Ring()); err == nil {\n\t\t\tknown[rec.LeafHash()] = true", New: "if true {\n\t\t\tknown[log.Hash(receipt.NameUnverified(e.Envelope))] = true"},
		{File: jobsFile, Old: "!known[rec.LeafHash()])", New: "!known[log.Hash(rec.Digest)])"},
	}},
}
