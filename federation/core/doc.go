// Package core holds the use cases of the Federation Core: it takes submissions, verdicts, claims,
// intents, outcomes, refusals, resolutions and revocations, decides what package federation and the
// claim ledger allow, and has package recorder bring every record into the log. It is the one writer
// of claims, log and records. It speaks no HTTP: package federation/server verifies callers and
// carries calls and answers.
//
// # State
//
// The state folder belongs to one Core at a time; a second one is refused with
// core-already-running. In it, besides what core.yaml names:
//
//	documents/<hex>   plans and operation documents, by SHA-256
//	evidence/<hex>    erasable texts, by the salted digest that a record names
//	asked/<hex>       what policy judged before a receipt was issued, by a digest of the receipt's id
//	checkpoint.mark   the last checkpoint that was signed
//
// # What is recorded of refusals
//
// The Core signs and logs a refusal of every call whose caller verifiably made it ([Core.Refused], asked by the
// server for every call). A publisher hands in what its own gate refused, through [Core.Refuse]. Both are bounded
// for each caller, and callers that did not authenticate leave no trace in the log.
//
// # What happens without a call
//
// A sweep every few seconds appends what is frozen, closes what is decided, rejects claims whose
// receipt expired before they were executed and those that a veto stops since the trust file changed,
// decides unknown 24 h after the receipt of an unfinished execution expired or when no valid key of its
// audience is left, seals runs whose operations have all ended or cannot begin any more, and reloads a
// changed trust file or policy. A trust file of a lower version, or one that cannot be read, is not loaded.
//
// # Inside
//
// [Core] opens and closes. Each use case is a type of its own, over the parts that all of them share:
// submissions, decisions, executions, resolutions, revocations and refusals, whose methods are the
// Core's calls, and without a call seals and settlements. Below them rules keeps the active trust file
// and policy, runs reads what is recorded, conditions judges whether something may begin, and vetoes
// whether a person stopped it.
package core
