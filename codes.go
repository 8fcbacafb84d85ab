package marketops

// Code is a stable refusal code. Its text never changes and is itself an error, so that
// errors.Is(err, marketops.Expired) works on whatever carries it.
type Code string

func (c Code) Error() string { return string(c) }

// The codes, in the order of docs/refusals.md, which is generated from [Codes].
const (
	// gate, answered by the publisher and by every verifier; in this order, each once.
	ModeNotProd        Code = "mode-not-prod"
	TrustExpired       Code = "trust-expired"
	ReceiptMissing     Code = "receipt-missing"
	ReceiptMalformed   Code = "receipt-malformed"
	PayloadTypeWrong   Code = "payload-type-wrong"
	PredicateTypeWrong Code = "predicate-type-wrong"
	KeyUnknown         Code = "key-unknown"
	KeyOutsideValidity Code = "key-outside-validity"
	KeyRevoked         Code = "key-revoked"
	SignatureInvalid   Code = "signature-invalid"
	ThresholdUnmet     Code = "threshold-unmet"
	NotEnforceable     Code = "not-enforceable"
	AudienceMismatch   Code = "audience-mismatch"
	RunMismatch        Code = "run-mismatch"
	KindMismatch       Code = "kind-mismatch"
	RepositoryMismatch Code = "repository-mismatch"
	OperationMismatch  Code = "operation-mismatch"
	ContentMismatch    Code = "content-mismatch"
	LifetimeExcessive  Code = "lifetime-excessive"
	NotYetValid        Code = "not-yet-valid"
	Expired            Code = "expired"
	Stale              Code = "stale"
	ApprovalMissing    Code = "approval-missing"
	SelfApproval       Code = "self-approval"
	DuplicatePerson    Code = "duplicate-person"
	RejectedByApprover Code = "rejected-by-approver"
	ReceiptUnlogged    Code = "receipt-unlogged"

	// gate, answered by the Core: read-only in a dry run, inside the claim transaction in prod.
	PolicySuperseded  Code = "policy-superseded"
	TrustRolledBack   Code = "trust-rolled-back"
	ClockUnsure       Code = "clock-unsure"
	Revoked           Code = "revoked"
	Consumed          Code = "consumed"
	OperationInFlight Code = "operation-in-flight"

	// set-up.
	ConfigInvalid      Code = "config-invalid"
	StateMissing       Code = "state-missing"
	CoreUnreachable    Code = "core-unreachable"
	CoreAlreadyRunning Code = "core-already-running"
	KeyUnreadable      Code = "key-unreadable"
	PassphraseWrong    Code = "passphrase-wrong"
	TokenMissing       Code = "token-missing"
	DiskFull           Code = "disk-full"

	// infrastructure.
	LedgerUnavailable Code = "ledger-unavailable"
	LogUnavailable    Code = "log-unavailable"
	LogRolledBack     Code = "log-rolled-back"
	QuorumUnmet       Code = "quorum-unmet"

	// plan.
	NothingSelected  Code = "nothing-selected"
	SourceUnreadable Code = "source-unreadable"
	RuleDenied       Code = "rule-denied"
	VersionExists    Code = "version-exists"
	RefMoved         Code = "ref-moved"
	AssetUnsafe      Code = "asset-unsafe"
	NameUnsafe       Code = "name-unsafe"
	SecretSuspected  Code = "secret-suspected"

	// authorise.
	PolicyDenied    Code = "policy-denied"
	PlanStale       Code = "plan-stale"
	PlanMismatch    Code = "plan-mismatch"
	ApproverUnknown Code = "approver-unknown"
	ApprovalSpent   Code = "approval-spent"
	FactUnobserved  Code = "fact-unobserved"
	LimitReached    Code = "limit-reached"
	Frozen          Code = "frozen"

	// act.
	GitHubDenied        Code = "github-denied"
	GitHubConflict      Code = "github-conflict"
	GitHubRateLimited   Code = "github-rate-limited"
	GitHubUnreachable   Code = "github-unreachable"
	RedirectRefused     Code = "redirect-refused"
	HostMismatch        Code = "host-mismatch"
	UploadDigestDiffers Code = "upload-digest-differs"
	OutcomeUnknown      Code = "outcome-unknown"

	// verify.
	PackMalformed      Code = "pack-malformed"
	NothingToVerify    Code = "nothing-to-verify"
	TrustMissing       Code = "trust-missing"
	LeafMismatch       Code = "leaf-mismatch"
	InclusionInvalid   Code = "inclusion-invalid"
	CheckpointUnsigned Code = "checkpoint-unsigned"
	ConsistencyInvalid Code = "consistency-invalid"
	OrderViolation     Code = "order-violation"
	ReceiptReused      Code = "receipt-reused"
	OutcomeMissing     Code = "outcome-missing"
	RecordWithheld     Code = "record-withheld"
	RecordUnknown      Code = "record-unknown"
	SplitView          Code = "split-view"
)

// CodeInfo explains one code to people.
type CodeInfo struct {
	Code    Code
	Group   string // gate, core, setup, infra, plan, authorise, act or verify
	Meaning string
	Cause   string // the usual one
	State   string // what is true when it is given
	Next    string // what to do
}

// Codes lists every code once. The gate's order is the order in which it reports.
var Codes = []CodeInfo{
	{ModeNotProd, "gate", "the mode is not exactly \"prod\"", "another spelling, another case, or no --mode at all", "nothing was sent", "give --mode prod on the command line"},
	{TrustExpired, "gate", "trust.json has expired", "no new trust file was made in time, or this machine has an old one", "nothing was sent", "fetch the current trust.json from the operator"},
	{ReceiptMissing, "gate", "there is no receipt for this operation", "the run was never authorised, or its receipts/ folder was not copied", "nothing was sent", "marketops authorize RUN"},
	{ReceiptMalformed, "gate", "the receipt is not a strict DSSE envelope with one in-toto statement", "truncated, re-encoded or edited file", "nothing was sent", "fetch the receipt again: marketops authorize RUN"},
	{PayloadTypeWrong, "gate", "the envelope is of another payload type", "something else was signed by the key", "nothing was sent", "fetch the receipt again: marketops authorize RUN"},
	{PredicateTypeWrong, "gate", "the record is not a receipt", "an advisory, an approval or another record was put where a receipt belongs", "nothing was sent", "marketops authorize RUN"},
	{KeyUnknown, "gate", "no key that trust.json gives this role made the signature", "a forged record, or a trust file that is behind", "nothing was sent", "marketops trust show; compare with the operator"},
	{KeyOutsideValidity, "gate", "the signing key is outside its validity window", "a retired key, or one that is not in use yet", "nothing was sent", "ask for a receipt under a current key: marketops authorize RUN"},
	{KeyRevoked, "gate", "the signing key was revoked from this position of the log on", "the key is no longer trusted", "nothing was sent", "ask the operator for a new trust file, then marketops authorize RUN"},
	{SignatureInvalid, "gate", "the signature does not verify", "the record was changed after signing, or forged", "nothing was sent", "treat it as an attack until explained; fetch the receipt again"},
	{ThresholdUnmet, "gate", "fewer authorities signed than trust.json demands", "an authority has not signed yet", "nothing was sent", "marketops authorize RUN"},
	{NotEnforceable, "gate", "the receipt does not say enforceable: true", "an advisory in the shape of a receipt", "nothing was sent", "marketops authorize RUN"},
	{AudienceMismatch, "gate", "the publisher's key is not in the receipt's audience", "another publisher was authorised", "nothing was sent", "publish from a machine that holds a key of the audience"},
	{RunMismatch, "gate", "the receipt belongs to another run", "a receipt was copied between runs", "nothing was sent", "marketops authorize RUN for this run"},
	{KindMismatch, "gate", "the receipt is for another kind of operation", "a receipt was copied between operations", "nothing was sent", "marketops authorize RUN"},
	{RepositoryMismatch, "gate", "the receipt is for another repository", "renamed, transferred or look-alike repository, or a copied receipt", "nothing was sent", "check the repository, then plan again: marketops plan"},
	{OperationMismatch, "gate", "the operation document is not the one that was authorised", "the document was changed after authorisation, or is not valid", "nothing was sent", "plan again: marketops plan"},
	{ContentMismatch, "gate", "a file is not the file that was authorised", "rebuilt, replaced or truncated after the plan", "nothing was sent", "restore the authorised file, or plan again: marketops plan"},
	{LifetimeExcessive, "gate", "the receipt lives longer than trust.json or 24 h allow", "an authority with a wrong setting, or a stolen key", "nothing was sent", "ask the operator; then marketops authorize RUN"},
	{NotYetValid, "gate", "the receipt is not valid yet", "clocks differ, or a later window was authorised", "nothing was sent", "wait until its not_before, or correct the clock"},
	{Expired, "gate", "the receipt has expired", "too much time passed since authorisation", "nothing was sent", "marketops approve RUN if the approvals have expired too, then marketops authorize RUN"},
	{Stale, "gate", "the receipt is older than 24 h", "too much time passed since authorisation", "nothing was sent", "marketops authorize RUN"},
	{ApprovalMissing, "gate", "approvals that trust.json demands are missing", "not enough distinct persons of the group approved this plan", "nothing was sent", "marketops approve RUN --key KEY by another person of the group"},
	{SelfApproval, "gate", "the requester approved the own request", "requester and approver are one person", "nothing was sent", "let another person approve: marketops approve RUN --key KEY"},
	{DuplicatePerson, "gate", "one person approved twice", "two keys of one person, or one approval given twice", "nothing was sent", "let another person approve: marketops approve RUN --key KEY"},
	{RejectedByApprover, "gate", "an eligible person rejected the plan", "a veto", "nothing was sent", "talk to the approver; plan again: marketops plan"},
	{ReceiptUnlogged, "gate", "receipt, submission or approvals are not proved to stand in the log", "the proof is missing, of another record, or under a checkpoint that is not consistent with the one remembered", "nothing was sent", "marketops authorize RUN fetches proofs again; if it persists, tell the operator"},
	{PolicySuperseded, "core", "the policy has changed since the receipt was issued", "a new bundle is in force", "nothing was sent", "marketops authorize RUN"},
	{TrustRolledBack, "core", "the trust file is older than one seen before", "an old trust.json was put back", "nothing was sent", "fetch the current trust.json from the operator"},
	{ClockUnsure, "core", "the clock cannot be believed", "it stands before a time that was already seen", "nothing was sent", "correct the clock and try again"},
	{Revoked, "core", "the receipt was revoked", "an authorised person withdrew it", "nothing was sent", "plan and ask again: marketops plan"},
	{Consumed, "core", "the receipt was used before", "its operation is closed, or it was claimed for another operation", "nothing was sent by this attempt", "marketops receipt show RECEIPT tells by whom; a new publication needs a new receipt"},
	{OperationInFlight, "core", "another receipt is publishing to the same tag or branch", "a second run for the same resource, or an unknown outcome that waits for a person", "nothing was sent", "wait, or marketops reconcile"},
	{ConfigInvalid, "setup", "a configuration file, a flag or a setting is not valid", "unknown key, wrong type, or a setting that may not come from there", "nothing was done", "mend the named file and line"},
	{StateMissing, "setup", "there is no .marketops folder or no such run", "wrong folder, or not set up yet", "nothing was done", "marketops init, or name the run's folder"},
	{CoreUnreachable, "setup", "the Federation Core does not answer", "it is not running, or the address is another", "nothing was sent", "run marketops-core serve"},
	{CoreAlreadyRunning, "setup", "another Federation Core serves this state folder", "a second start", "nothing was done", "use the running one, or stop it first"},
	{KeyUnreadable, "setup", "a key file cannot be used", "missing, not private enough (mode 0600), weak, or of another type", "nothing was done", "name the right file with --key, or make one: marketops key new"},
	{PassphraseWrong, "setup", "the passphrase does not open the key", "a typing mistake, or another key", "nothing was done", "try again, or set MARKETOPS_PASSWORD"},
	{TokenMissing, "setup", "there is no usable GitHub write credential", "GITHUB_TOKEN, or what github.token or github.app.key names, is empty or not accepted", "nothing was sent; receipts unspent", "mend the credential and publish again"},
	{DiskFull, "setup", "the disk is full or below its reserve", "no room for records that must not be lost", "no new operation was begun", "free some space and try again"},
	{LedgerUnavailable, "infra", "the claim ledger cannot answer", "database error or Core shutting down", "no new operation was begun", "try again; marketops-core serve prints the cause"},
	{LogUnavailable, "infra", "the log cannot take or show an entry", "disk, lock or checkpoint trouble in the Core", "no new operation was begun", "try again; marketops-core serve prints the cause"},
	{LogRolledBack, "infra", "the log is smaller than, or not consistent with, a checkpoint seen before", "restored from an old backup, or a fork", "nothing was sent; the evidence was kept", "stop publishing and tell the operator and the auditor"},
	{QuorumUnmet, "infra", "too few witnesses cosigned the checkpoint", "witnesses are down", "nothing was sent", "wait for the witnesses"},
	{NothingSelected, "plan", "no publication was selected", "an empty list, or every candidate was rejected", "nothing was sent", "mend the reasons listed, then plan again"},
	{SourceUnreadable, "plan", "a file, branch or repository of the plan cannot be read", "missing file, no permission, or GitHub did not answer", "nothing was sent", "mend the source, then plan again"},
	{RuleDenied, "plan", "a planning rule refuses this publication", "two publications of one run take the same tag, or a path needs leave", "nothing was sent", "mend marketops.yaml, then plan again"},
	{VersionExists, "plan", "the tag or release exists already", "the version was published before", "nothing was sent", "take a new version"},
	{RefMoved, "plan", "a branch is not where the plan needs it", "the commit is not on the allowed branch, or the branch moved", "nothing was sent", "plan again: marketops plan"},
	{AssetUnsafe, "plan", "an asset cannot be published safely", "no regular file, outside the folder, an unsafe name, empty or too large", "nothing was sent", "mend the asset, then plan again"},
	{NameUnsafe, "plan", "a name or text cannot be shown unchanged", "control or bidirectional characters, trailing space, marker lines, names outside GitHub's grammar", "nothing was sent", "mend the text, then plan again"},
	{SecretSuspected, "plan", "a text looks as if it held a secret", "a token or private key in notes, message or body", "nothing was sent", "remove it and revoke it, then plan again"},
	{PolicyDenied, "authorise", "policy does not allow the operation", "no permit applies, a forbid does, or the policy could not be evaluated", "no receipt was issued; an advisory says why", "follow the why-not of the advisory"},
	{PlanStale, "authorise", "what the plan rests on has changed", "base, head or repository moved after the plan", "no receipt was issued", "plan again: marketops plan"},
	{PlanMismatch, "authorise", "plan, operation documents and submission do not fit together", "files of different plans, or an edited file", "nothing was recorded", "plan and submit again"},
	{ApproverUnknown, "authorise", "the key belongs to no person of trust.json", "wrong key, or a person who left", "nothing was recorded", "use the key of a trusted person"},
	{ApprovalSpent, "authorise", "the approval has served its receipt", "a second receipt was asked for on the same approval", "no receipt was issued", "marketops approve RUN --key KEY again"},
	{FactUnobserved, "authorise", "policy needs a fact that the Core has not observed itself", "core.yaml does not observe GitHub", "no receipt was issued", "set observe: github in core.yaml, or change the policy"},
	{LimitReached, "authorise", "a limit of the Core is reached", "too many live receipts, submissions or a plan too large", "nothing was recorded", "wait until some are used or expire"},
	{Frozen, "authorise", "a freeze is in force", "policy forbids publishing now", "no receipt was issued", "wait until the freeze ends"},
	{GitHubDenied, "act", "GitHub refused", "missing permission, a ruleset, or a name that is burnt", "the answer is recorded; nothing more was sent", "mend what GitHub names, then plan again"},
	{GitHubConflict, "act", "GitHub holds other content where ours would go", "somebody else made the tag, release or branch", "nothing of theirs was touched", "look at it, then take a new version"},
	{GitHubRateLimited, "act", "GitHub's rate limit did not end in time", "too many requests under this credential", "the operation stands where it stopped, under the same receipt", "wait, then type the same command again; marketops reconcile RUN only looks"},
	{GitHubUnreachable, "act", "GitHub cannot be reached", "network, DNS, TLS or a server error", "the operation stands where it stopped, under the same receipt", "wait, then type the same command again; marketops reconcile RUN only looks"},
	{RedirectRefused, "act", "a write was redirected and not followed", "renamed or transferred repository, or an attack", "nothing was sent to the other place", "check the repository, then plan again"},
	{HostMismatch, "act", "GitHub named an address outside the configured origins", "an upload or download address on another host", "the token was not sent there", "check github.api and github.uploads in marketops.yaml"},
	{UploadDigestDiffers, "act", "GitHub holds other bytes than were sent", "a broken transfer", "the release stays a draft", "marketops reconcile"},
	{OutcomeUnknown, "act", "it cannot be told whether GitHub changed", "no usable answer, and reading does not decide", "the operation is blocked until it is resolved", "marketops reconcile RUN, then --resolve OP by a person"},
	{PackMalformed, "verify", "the pack is not a strict .mopack", "truncated, edited, unlisted files or unsafe paths", "nothing was verified", "get the pack again"},
	{NothingToVerify, "verify", "there is nothing to verify", "an empty pack, log or list", "nothing was verified", "check what was given"},
	{TrustMissing, "verify", "there is no usable trust file", "none given, unreadable, or not valid", "nothing was verified", "--trust trust.json"},
	{LeafMismatch, "verify", "a leaf is not the one of its record", "record and leaf were mixed up or changed", "the evidence is not what it claims", "get the pack again; if it persists, tell the operator"},
	{InclusionInvalid, "verify", "the inclusion proof does not hold", "a changed proof, or a record that is not in the log", "the evidence is not what it claims", "get the pack again; if it persists, tell the operator"},
	{CheckpointUnsigned, "verify", "the checkpoint is not signed by the log", "another log, or a forged checkpoint", "the evidence is not what it claims", "check log_policy in trust.json"},
	{ConsistencyInvalid, "verify", "two checkpoints do not fit one log", "the tiles were changed, or the log was forked", "log misbehaviour; keep the evidence", "tell the operator and the other auditors"},
	{OrderViolation, "verify", "records stand in an order the protocol forbids", "a record precedes what it must follow", "log misbehaviour, or a broken Core", "tell the operator"},
	{ReceiptReused, "verify", "a receipt was spent more than once", "two claims or intents for one receipt and epoch, or a broken chain", "portable proof against the ledger", "keep the pack; tell the operator and the other auditors"},
	{OutcomeMissing, "verify", "an intent has no outcome", "a publisher never came back", "GitHub may have changed", "marketops reconcile"},
	{RecordWithheld, "verify", "a record that the verdict needs was not given", "erased, or not copied", "indeterminate", "ask the operator for the record"},
	{RecordUnknown, "verify", "a record is of an unknown type or version", "a newer writer", "indeterminate", "use a newer verifier"},
	{SplitView, "verify", "the log has shown different roots for one size", "a forked log", "log misbehaviour; keep the evidence", "tell the operator and the other auditors"},
}

// Info returns the entry of c, and false for a code that is not in the table.
func (c Code) Info() (CodeInfo, bool) {
	for _, i := range Codes {
		if i.Code == c {
			return i, true
		}
	}
	return CodeInfo{}, false
}
