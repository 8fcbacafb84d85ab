// Package claims is the single-use ledger: it decides who may spend a receipt, once, across
// all publishers and through any crash.
//
// # The claim
//
// A receipt without a row is unspent. Its row, once there, is never deleted and only walks
// forward:
//
//	(none)    → claimed    Claim      epoch 1; the primary key decides every race
//	(none)    → revoked    Revoke
//	claimed   → executing  Execute    the only door to GitHub
//	claimed   → decided    Decide     rejected
//	                       Revoke, Vote, Settle   rejected, epoch + 1
//	executing → decided    Decide     success, failed or unknown
//	                       Settle     unknown, epoch + 1
//	                       Vote       rejected, epoch + 1, as long as no attempt was counted
//	decided   → closed     CloseClaim
//	claimed, executing → the same    Takeover    epoch + 1
//	closed, unknown → closed, success or failed    Resolve, once
//
// The epoch is the fencing token: every step names the epoch and the owner it believes in, and
// a step of an older epoch changes nothing. Leases serve liveness only. Each change is one
// conditional statement whose row count is checked, and leaves a line in the history.
//
// One resource (op_key) has at most one claim that is claimed, executing, decided or unknown.
// One operation (kind and digest) succeeds at most once, by any receipt. An operation that comes after others
// is claimed only when each of them has succeeded in the same run and the log shows it.
//
// # Votes
//
// Every verdict on a run is frozen by Vote, which in the same transaction ends the claims of the run that
// it stops. Claim, Takeover, Intend and Execute, and Attempt before the first attempt of a receipt, show
// their [Guard] all verdicts that are frozen. So each of these steps comes before a verdict or after it,
// and there is no third place, with any locks of the caller.
//
// # The outbox
//
// A record's bytes are frozen before they are appended to the log: claim records and outcomes
// in the transaction that makes them true, votes and intents by Vote and Intend, others by Freeze. What has no index yet is
// [Ledger.Unindexed] and is appended again after a crash, the very same bytes. One claim record
// and one intent per epoch, one outcome and one resolution per receipt; a second, different
// one is refused. New claims stop while a decided outcome has waited more than ten seconds for
// its index.
//
// With its index a record's bytes leave the ledger, and are overwritten in the file: by then the
// record store has them, and whoever erases them there has erased them.
//
// # Shares
//
// A record can name who it counts for, and shares that must not be used up: how many of its kind the same caller, or
// all together, may have frozen, in a run, for a receipt or within some time. They are counted in the transaction that freezes
// it, so that calls at one time cannot pass together, and survive a restart.
//
// # Clock and trust
//
// The ledger remembers the latest time at which it granted a claim and the highest trust
// version it was shown. It refuses clock-unsure when its clock stands more than 60 s before
// that time, and trust-rolled-back for a lower version. Only LowerMark moves the clock mark
// back, and the history keeps why.
//
// # Durability
//
// SQLite in WAL mode with synchronous=FULL, one connection, one writer. Requests that wait
// together are answered together: one transaction, a savepoint each, answers only after
// COMMIT. Reads take the same way, so a history of all calls is linearizable. The database and
// a lock file beside it are held exclusively for as long as the ledger is open.
//
// An error with code ledger-unavailable or disk-full says nothing about whether the change was
// kept. Claim, Intend, Vote, Decide, CloseClaim, Revoke, Resolve, Freeze and Indexed may be repeated as they
// were; after Execute take the claim over and read GitHub. After an input or output error the
// ledger refuses everything until it is opened again, since the page cache can no longer be
// believed.
//
// # Errors
//
// Refusals ([marketops.Refusal]) carry revoked, rejected-by-approver, consumed, prerequisite-open, operation-in-flight,
// expired, clock-unsure, trust-rolled-back, log-unavailable or limit-reached; failures
// ([marketops.Failure]) ledger-unavailable, disk-full or core-already-running. [ErrFenced] and
// [ErrState] tell refusals apart that share a code.
package claims
