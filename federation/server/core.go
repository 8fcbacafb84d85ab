package server

import (
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt/trust"
)

// Core is what is served. Package federation/core implements it and specifies its methods.
type Core interface {
	Trust() *trust.Trust     // whose keys may sign requests
	Started() marketops.Time // since when requests are believed

	// SignAnswer returns the ledger's envelope around an answer: the digests of the call's envelope and of the answer's body.
	SignAnswer(request marketops.Digest, status int, body marketops.Digest) ([]byte, error)

	// Calls of persons.
	Submit(context.Context, *federation.Caller, api.Submit) (api.Entry, error)
	Approve(context.Context, *federation.Caller, api.Envelope) (api.Entry, error)
	Authorize(context.Context, *federation.Caller, api.Run) (api.Decisions, error)
	Resolve(context.Context, *federation.Caller, api.Decided) (api.Entry, error)
	Revoke(context.Context, *federation.Caller, api.Revoke) (api.Entry, error)

	// Calls of publishers.
	Check(context.Context, *federation.Caller, api.ClaimWanted) (api.Answers, error)
	Claim(context.Context, *federation.Caller, api.ClaimWanted) (api.Claimed, error)
	Intent(context.Context, *federation.Caller, api.Envelope) (api.Entry, error)
	Execute(context.Context, *federation.Caller, api.Fence) (api.Lease, error)
	Renew(context.Context, *federation.Caller, api.Renewal) (api.Lease, error)
	Attempt(context.Context, *federation.Caller, api.Effect) (api.Lease, error)
	Outcome(context.Context, *federation.Caller, api.Decided) (api.Entry, error)
	Refuse(context.Context, *federation.Caller, api.Decided) (api.Entry, error)

	// Refused records that a call which the caller verifiably made was refused; in is its body, or nil.
	Refused(ctx context.Context, who *federation.Caller, in any, err error)

	// The call of the ledger's key.
	Backup(context.Context, *federation.Caller, api.Backup) (api.BackedUp, error)

	// Reads. What is not there is an fs.ErrNotExist, and so is what the caller may not read.
	Info() api.Info
	Records(context.Context, federation.Caller, marketops.RunID, api.Page) (api.RunRecords, error)
	ClaimState(context.Context, federation.Caller, marketops.ReceiptID) (api.ClaimState, error)
	Evidence(context.Context, federation.Caller, marketops.Digest) ([]byte, error)
	ReadRecord(ctx context.Context, who federation.Caller, name string) ([]byte, error) // ab/abcdef….json

	// Public reads.
	ReadFile(name string) ([]byte, error)         // checkpoint, tile/…
	ReadPublicRecord(name string) ([]byte, error) // where the operator has opened the record store
}
