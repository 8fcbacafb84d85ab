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

	// What may be read without a signed request; what is not there is an fs.ErrNotExist.
	Info() api.Info
	Records(context.Context, marketops.RunID) (api.RunRecords, error)
	ClaimState(context.Context, marketops.ReceiptID) (api.ClaimState, error)
	Evidence(marketops.Digest) ([]byte, error)
	ReadFile(name string) ([]byte, error)   // checkpoint, tile/…
	ReadRecord(name string) ([]byte, error) // ab/abcdef….json
}
