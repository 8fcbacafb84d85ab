// Package server carries calls to the Federation Core and its answers back: it serves the endpoints
// of package federation/api over HTTP on a unix socket (and over TLS). It verifies who calls, bounds
// what is read and handled at one time, and knows the Core only through [Core]; what a call does is
// package federation/core's.
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
// Over TCP reads are signed as well, by any of these or by a reader, and show a run to those alone whose
// business it is (federation.Sees). They use up no nonce. The unix socket has the operator's view. A route
// asks for no key only if it was registered with public.
//
// # What is refused
//
// A refused call is recorded in the log if its caller verifiably made it: signature, method, path, body, Core, time and
// nonce of its request are right. Any other is only said in the Core's own log, with a bound on its lines. Each caller has
// a share of the places and of the memory, so that no caller can keep the others out.
//
// # What an answer says
//
// An answer that is not 200 carries an [api.Problem]. The cause of a failure, which may tell about
// this machine, is written to the Core's own log only.
package server
