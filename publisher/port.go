package publisher

import (
	"context"
	"io"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// SideEffectPort is the one boundary through which anything outside changes.
type SideEffectPort interface {
	// Preview lists the calls that Apply would make. It is pure.
	Preview(marketops.Operation) []marketops.Call
	// Look makes every read that Apply would make before its first write, and compares the time that its
	// writes take with lasts, for how long the receipt can still be used. It has no way to write.
	// Drafts are those that the Core noted for the operation: what they hold need not be written again.
	Look(ctx context.Context, op marketops.Operation, drafts []int64, lasts time.Duration) Looks
	// Apply does what the permit allows and reads back what is then true. It begins by looking,
	// so that doing it again after a crash finishes what was begun. The evidence is meaningful
	// also when there is an error. Errors: [*marketops.Failure] where the state is known,
	// [*marketops.Unknown] where it is not; anything else counts as unknown.
	Apply(context.Context, *Permit, Journal) (Evidence, error)
	// Observe reads what is true without any right to change it. A release counts as the operation's own only if its
	// id is one of these drafts, which the Core noted.
	Observe(ctx context.Context, op marketops.Operation, drafts []int64) (Observation, error)
}

// Journal makes what a port learns durable before the port goes on.
type Journal interface {
	Record(key, value string) error            // fsynced when it returns
	Recall(key string) (value string, ok bool) // of this operation, from any earlier attempt on this machine
	Call(CallEvidence) error                   // one call and its answer
}

// CallEvidence is what one call to GitHub looked like, secrets redacted.
type CallEvidence struct {
	Step       string            `json:"step"`
	Attempt    int               `json:"attempt"`
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	SentSHA256 marketops.Digest  `json:"sent_sha256"`
	Written    bool              `json:"written"` // request bytes may have left this machine
	Status     int               `json:"status"`  // 0: no answer
	RequestID  string            `json:"request_id"`
	Headers    map[string]string `json:"headers"` // date, etag, x-ratelimit-*, …
	BodySHA256 marketops.Digest  `json:"body_sha256"`
	Error      string            `json:"error"`
	At         marketops.Time    `json:"at"`
}

// Evidence is what Apply leaves behind for the outcome.
type Evidence struct {
	Effects []receipt.Effect   // visible ones only, in the order in which they are tried
	GitHub  []receipt.GitHubID // in name order
	Retries int64              // visible effects that were tried again
	URL     string             // where a person can look
	Note    string             // what a person should know besides; decides nothing, may be empty
	Answer  []byte             // the last answer that decided, secrets redacted; may be empty
}

// Observation is what a look at GitHub says about an operation.
type Observation struct {
	State    Presence
	Evidence Evidence
	Moved    string   // how the tag that the operation finds there differs from the bound one; "" if it does not
	Taken    []string // effects whose place other content holds, so that no request of ours can succeed
	Detail   string   // what was seen, in words
}

// Presence is the answer of a lookup. The zero value is unknown.
type Presence int

// Only [Absent] may lead to a create, and a 404 does not prove it.
const (
	Indeterminate Presence = iota
	Found                  // there, and equal in every bound field
	Absent                 // proven not there
	Conflict               // something else is there
)

func (p Presence) String() string {
	return [...]string{"unknown", "found", "absent", "conflict"}[min(max(p, 0), 3)]
}

// Content is the bytes of one asset or change, open for reading. What is sent is read from
// here, and it is the file that was hashed: nothing opens a path again.
type Content interface {
	io.ReaderAt
	Size() int64
}

// Past is what was tried of a visible effect before. The zero value is that it was not.
type Past int

// What is on GitHub and was never tried is not ours, even if it is equal: others can copy it.
const (
	Untried    Past = iota
	Unresolved      // an earlier epoch of this receipt tried, and its request may still be under way
	Ended           // an earlier receipt tried, its end is recorded, and the effect may be on GitHub
)

// Work is what a permit opens to a port.
type Work struct {
	Op       marketops.Operation
	Content  []Content // one per asset or change, in the document's order
	Deadline time.Time // no call may be under way after it
	// LastWrite is when the receipt ends, less the tolerance for clocks: no write begins after it.
	LastWrite time.Time
	// Past says what the ledger counted of each visible effect before this epoch, by name.
	Past map[string]Past
	// Drafts are the ids of the drafts that the Core noted for the operation. Only these, and those that the
	// journal holds, are its own.
	Drafts []int64
	// NoteDraft makes the id of a draft durable at the Core. It must return nil before anything is put into it.
	NoteDraft func(ctx context.Context, id int64) error
	// StrikeDraft says at the Core that a draft is never used again. It must return nil before it is deleted: a
	// deletion that reaches GitHub late must not meet a draft that was published since.
	StrikeDraft func(ctx context.Context, id int64) error
	// BeforeCall renews the lease. It must return nil right before every call that writes.
	BeforeCall func(context.Context) error
	// BeforeEffect re-checks the receipt's expiry and counts the attempt durably. It must return
	// nil right before every call that changes what others can see.
	BeforeEffect func(ctx context.Context, effect string) error
}
