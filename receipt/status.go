package receipt

// Status is how far a receipt has come. An outcome says one of the last four, a resolution success
// or failed.
type Status string

// The statuses.
const (
	Authorized Status = "authorized" // not claimed yet
	Revoked    Status = "revoked"    // withdrawn before anybody claimed it
	Claimed    Status = "claimed"    // claimed, no intent yet
	Intended   Status = "intended"   // GitHub may be called
	Success    Status = "success"    // GitHub shows exactly what was authorised
	Failed     Status = "failed"     // GitHub refused, and no attempt is unresolved
	Rejected   Status = "rejected"   // given up before GitHub was called
	Unknown    Status = "unknown"    // to be resolved
)

// Verdict is what an approver says.
type Verdict string

// The verdicts.
const (
	Approve Verdict = "approve"
	Reject  Verdict = "reject" // a veto
)

// EffectState says whether a visible change is on GitHub.
type EffectState string

// The states of an effect.
const (
	EffectApplied EffectState = "applied"
	EffectAbsent  EffectState = "absent"
	EffectUnknown EffectState = "unknown"
	EffectAdopted EffectState = "adopted" // made under an earlier receipt of the same operation
)

// Decision is why an advisory authorises nothing.
type Decision string

// The decisions.
const (
	BlockedByMode Decision = "blocked_by_mode"
	Denied        Decision = "denied"
)
