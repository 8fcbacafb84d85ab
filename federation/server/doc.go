// Package server is the Federation Core: it serves the endpoints of package federation/api on a
// unix socket (and over TLS), and it is the one writer of claims, log and records.
//
// # State
//
// The state folder belongs to one Core at a time; a second one is refused with
// core-already-running. In it, besides what core.yaml names:
//
//	documents/<hex>   plans and operation documents, by SHA-256
//	evidence/<hex>    erasable texts, by the salted digest that a record names
//	checkpoint.mark   the last checkpoint that was signed
//
// # How a record gets into the log
//
// Frozen in the ledger, put into the record store, appended to the log, its index noted: in this
// order, each step durable before the next. With the index the ledger drops the bytes; from then on
// they are read from the record store, and what is erased there is erased. A record is appended
// only after every record that it names has an index. What a crash leaves frozen without an index
// is looked up in the log, and appended again if it is not there, in the order in which it was
// frozen, before the Core serves anybody. At most one leaf is physically there twice after such a
// crash; readers count leaf hashes.
//
// A position in an answer is final. The checkpoint over it may lag, and proving it is the
// reader's business: claim and intent therefore share one wait.
//
// # Who may call
//
// Every call that changes anything carries a signed request: a person's or a publisher's key of
// trust.json, this method, path, body and Core, a window of at most 60 s widened by the clocks'
// ε, and a nonce that is good once. Nonces are kept in memory until their requests have expired;
// requests that were signed before this Core started are refused instead of remembered.
//
//	person      submissions (the requester), approvals (the approver), authorize, resolve, revoke
//	ledger      backup
//	publisher   check, claim, intent, execute, renew, attempt, outcome, refusals
//
// # What is recorded of refusals
//
// The Core signs and logs a refusal of a person's call, and of a claim that no publisher's own
// gate would have let through (audience, run, operation). Other refused claims are recorded by
// the publisher that was refused, through /v1/refusals. Both are bounded per key, and callers
// that did not authenticate leave no trace in the log.
//
// # What happens without a call
//
// A sweep every few seconds appends what is frozen, closes what is decided, rejects claims whose
// receipt expired before the door was opened, decides unknown 24 h after the receipt of an
// unfinished execution expired or when no valid key of its audience is left, seals runs whose
// operations have all ended, and takes up a changed trust file or policy. A trust file of a
// lower version, or one that cannot be read, is not taken up.
package server
