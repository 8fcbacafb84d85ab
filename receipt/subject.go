package receipt

import "github.com/omega/marketops"

// The names of first subjects.
const (
	aboutPlan       = "plan.json"
	aboutOperation  = "operation.json"
	aboutTrust      = "trust.json"
	aboutCheckpoint = "checkpoint"
	aboutRequest    = "request" // the digest of a request's record
	aboutBody       = "body"    // of a request or an answer
)

func (b *Submission) about() Subject   { return SubjectOf(aboutPlan, b.Plan) }
func (b *Approval) about() Subject     { return SubjectOf(aboutPlan, b.Plan) }
func (b *Receipt) about() Subject      { return SubjectOf(aboutOperation, b.Operation) }
func (b *Advisory) about() Subject     { return SubjectOf(aboutOperation, b.Operation) }
func (b *Claim) about() Subject        { return SubjectOf(aboutOperation, b.Operation) }
func (b *Intent) about() Subject       { return SubjectOf(aboutOperation, b.Operation) }
func (b *Outcome) about() Subject      { return SubjectOf(aboutOperation, b.OperationID) }
func (b *Resolution) about() Subject   { return SubjectOf(aboutOperation, b.Operation) }
func (b *Revocation) about() Subject   { return SubjectOf(aboutOperation, b.Operation) }
func (b *RunClosed) about() Subject    { return SubjectOf(aboutPlan, b.Plan) }
func (b *TrustAdopted) about() Subject { return SubjectOf(aboutTrust, b.Trust.Digest) }
func (b *ShardSealed) about() Subject  { return SubjectOf(aboutCheckpoint, b.Shard.Digest()) }
func (b *ShardGenesis) about() Subject { return SubjectOf(aboutCheckpoint, b.Previous.Digest()) }
func (b *Request) about() Subject      { return SubjectOf(aboutBody, b.Body) }
func (b *Answer) about() Subject       { return SubjectOf(aboutBody, b.Body) }

func (b *Refusal) about() Subject {
	if b.OperationID.IsZero() {
		return SubjectOf(aboutRequest, b.Request)
	}
	return SubjectOf(aboutOperation, b.OperationID)
}

// Files returns the subjects that a receipt for this operation has beside the operation document: one
// for each asset.
func Files(op *marketops.Operation) (out []Subject) {
	if op.Release != nil {
		for _, a := range op.Release.Assets {
			out = append(out, SubjectOf(a.Name, a.SHA256))
		}
	}
	return out
}
