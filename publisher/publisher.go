// Package publisher carries out what was authorised: exactly that, exactly once.
//
// One operation goes through these steps, and a crash between any two is recovered from by
// doing them again, on this machine or on another that holds a key of the receipt's audience:
//
//	S0 gate       every check, fail-closed, all reported             [Publisher.Gate]
//	S1 claim      the ledger gives this publisher one epoch of the receipt
//	S2 intent     the claim stands in the log; the intent that names it is appended
//	S3 published  a checkpoint that this publisher verified covers both
//	S4 executing  the ledger lets this epoch call GitHub, and only it
//	S5 act        the port does the work with a [Permit]; the lease is renewed all the while
//	S6 read       what is true afterwards, read back
//	S7 decided    the outcome's bytes are frozen in the ledger
//	S8 closed     the outcome stands in a published checkpoint
//
// A veto stops an operation until its first visible effect. The gate counts the votes that it is shown, and
// nothing depends on these being all: at each of S1, S2 and S4, and before that effect, the Core asks its
// own.
//
// Before S4 nothing was written to GitHub. Once the gate has passed and before the receipt is claimed the
// credential reads, through a transport that can only GET, so that what is in the way wastes no
// receipt ([SideEffectPort.Look]). After S4 the outcome must be
// found out by reading if no usable answer came: "no answer" is [*marketops.Unknown], never a
// failure.
//
// A [Permit] is made in exactly one place, after S4, from a gate that passed, a claim that was
// won and an intent that is public. Ports take nothing else.
package publisher

import (
	"context"
	"io"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Core is the Federation Core as a publisher needs it; [*api.Client] is one.
type Core interface {
	Check(context.Context, api.ClaimWanted) (marketops.Checks, error)
	Claim(context.Context, api.ClaimWanted) (api.Claimed, error)
	ClaimState(context.Context, marketops.ReceiptID) (api.ClaimState, error)
	Intent(ctx context.Context, envelope []byte) (api.Entry, error)
	Execute(context.Context, api.Fence) (api.Lease, error)
	Renew(context.Context, api.Fence) (api.Lease, error)
	NoteDraft(context.Context, api.Renewal) (api.Lease, error)
	Attempt(context.Context, api.Effect) (api.Lease, error)
	Outcome(context.Context, api.Decided) (api.Entry, error)
	Refuse(context.Context, api.Decided) (api.Entry, error)
	Records(context.Context, marketops.RunID) (api.RunRecords, error)
}

// Log is the publisher's own view of the log; [*view.View] is one.
type Log interface {
	Latest() (*log.Tree, error)
	Covering(ctx context.Context, index uint64) (*log.Tree, error)
}

// Publisher publishes with one key. All fields are required.
type Publisher struct {
	Core   Core
	Log    Log
	Trust  *trust.Trust
	Signer crypto.Signer
	Port   SideEffectPort
	Host   marketops.Host // that Port calls; compared with every operation's target
	Now    func() marketops.Time
	Random io.Reader
	Outbox Outbox
	// Ready is called after every gate passed and right before each claim: is the credential there, and
	// could it write? It may wait, but not for longer than the receipt lasts.
	Ready func(ctx context.Context, lasts time.Duration) error
	Tell  func(Event) // progress for people; must not block
}

// Event is one step of one operation, for showing.
type Event struct {
	Number int
	Step   string // "S1 claim", …
	Detail string
}

// Result is what became of one operation.
type Result struct {
	Number  int
	Op      marketops.Operation
	Status  receipt.Status // of its outcome, or one of [Refused], [Open], [NotAttempted] and [WouldPublish]
	Already bool           // an earlier run of the command had finished it
	URL     string
	Effects []receipt.Effect // of its outcome, or what is known of them without one; none where nothing was begun
	Entry   api.Entry        // the outcome's or refusal's leaf, if there is one
	Checks  marketops.Checks // the gate's
	Looks   Looks            // before the claim
	Waits   []int            // operations of the same call that must succeed first, and have not
	Err     error            // nil for success
}

// The statuses of operations without an outcome.
const (
	Refused      receipt.Status = "refused"       // by the gate or the claim
	Open         receipt.Status = "open"          // publishing again continues
	NotAttempted receipt.Status = "not-attempted" // the receipt is unused
	WouldPublish receipt.Status = "would-publish" // in a dry run: gate and GitHub are as planned
	GatePassed   receipt.Status = "gate-passed"   // in a dry run that could not look at everything on GitHub
)

// Lease and call bounds.
const (
	heartbeats  = 3                // renewals within one lease
	lastRequest = 1 * time.Hour    // of the request that is under way when the receipt ends, and of reading back
	afterwards  = 30 * time.Second // for S7 and S8 after an interrupt
)

// claimRequest is the claim that a job asks for.
func (p *Publisher) claimRequest(j *Job, r *receipt.Receipt) api.ClaimWanted {
	return api.ClaimWanted{Receipt: r.ReceiptID, Run: j.Run, Operation: r.Operation, Publisher: p.Signer.Public().ID(), Trust: p.Trust.Version()}
}

func (p *Publisher) tell(j *Job, step, detail string) { p.Tell(Event{j.Number, step, detail}) }

// newHeader draws the nonce and date of a record.
func (p *Publisher) newHeader() (receipt.Header, error) { return receipt.NewHeader(p.Random, p.Now()) }
