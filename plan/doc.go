// Package plan is the engine: it says what would be published and why the rest would not,
// and it keeps the folder in which a run lives.
//
// # Stages
//
// Dry run and publication walk the same seven stages, each a line in the run's journal:
//
//	discover   the publications of marketops.yaml and their repositories
//	select     the commit, which must lie on the allowed branch; the version, which must not exist
//	verify     texts and files: names, kinds of file, secrets, sizes, SHA-256
//	evaluate   rules over all publications of the run together
//	plan       the operation documents and plan.json
//	execute    dry run: blocked, the planned calls are recorded; prod: the injected [Executor]
//	seal       the folder is complete, or the run has ended
//
// [DryRun] has nothing that could write to GitHub: its [Source] only reads, and this package
// imports no network. plan.json itself is package document. [Resume] repeats the stages over a frozen folder and then hands it to an
// [Executor], which asks the gate.
//
// # Run folder
//
//	run.json            {schema marketops.run/v1, run_id, created_at, core}
//	plan.json           the plan
//	operations/1.json   canonical operation documents, in plan order
//	sources.json        {schema marketops.sources/v1, root, operations}: where the files lie
//	advisory/1.json     what the engine signs: would be done, is blocked; authorises nothing
//	journal.jsonl       stages, notes and calls; each line is fsynced before it counts
//	evidence/           texts named by salted digests
//
// Later steps add submission.json, approvals/, receipts/ and outbox/ with [Run.Put]. What is
// read in the folder is a regular file reached through no symbolic link.
package plan

import "github.com/omega/marketops"

func mismatch(what string, err error) error {
	return marketops.RefuseErr(marketops.PlanMismatch, what, err)
}
