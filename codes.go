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
	TrustRolledBack    Code = "trust-rolled-back"
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
	ClockUnsure       Code = "clock-unsure"
	Revoked           Code = "revoked"
	Consumed          Code = "consumed"
	PrerequisiteOpen  Code = "prerequisite-open"
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
	FileUnsafe         Code = "file-unsafe"

	// infrastructure.
	LedgerUnavailable Code = "ledger-unavailable"
	LogUnavailable    Code = "log-unavailable"
	LogRolledBack     Code = "log-rolled-back"
	QuorumUnmet       Code = "quorum-unmet"

	// plan.
	NothingSelected  Code = "nothing-selected"
	PlanPartial      Code = "plan-partial"
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
	ReceiptTooShort     Code = "receipt-too-short"
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
	WrongFile          Code = "wrong-file"
	NothingToVerify    Code = "nothing-to-verify"
	TrustMissing       Code = "trust-missing"
	TrustUnavailable   Code = "trust-unavailable"
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
	NotPublished       Code = "not-published"
	RootDisputed       Code = "root-disputed"
)

// CodeInfo explains one code to people. What to do next is said by the program that reports it.
type CodeInfo struct {
	Code    Code
	Group   string // gate, core, setup, infra, plan, authorise, act or verify
	Meaning string
	Cause   string // the usual one
	State   string // what is true when it is given
}

// Codes lists every code once. The gate's order is the order in which it reports.
var Codes = []CodeInfo{
	{Code: ModeNotProd, Group: "gate", Meaning: "the mode is not exactly \"prod\"",
		Cause: "another spelling, another case, or no --mode at all", State: "nothing was sent"},
	{Code: TrustExpired, Group: "gate", Meaning: "trust.json has expired",
		Cause: "no new trust file was made in time, or this machine has an old one", State: "nothing was sent"},
	{Code: ReceiptMissing, Group: "gate", Meaning: "there is no receipt for this operation",
		Cause: "the run was never authorised, or its receipts/ folder was not copied", State: "nothing was sent"},
	{Code: ReceiptMalformed, Group: "gate", Meaning: "the receipt is not a strict DSSE envelope with one in-toto statement",
		Cause: "truncated, re-encoded or edited file", State: "nothing was sent"},
	{Code: PayloadTypeWrong, Group: "gate", Meaning: "the envelope is of another payload type",
		Cause: "something else was signed by the key", State: "nothing was sent"},
	{Code: PredicateTypeWrong, Group: "gate", Meaning: "the record is not a receipt",
		Cause: "an advisory, an approval or another record was put where a receipt belongs", State: "nothing was sent"},
	{Code: KeyUnknown, Group: "gate", Meaning: "no key that trust.json gives this role made the signature",
		Cause: "a forged record, or a trust file that is behind", State: "nothing was sent"},
	{Code: KeyOutsideValidity, Group: "gate", Meaning: "the signing key is outside its validity window",
		Cause: "a retired key, or one that is not in use yet", State: "nothing was sent"},
	{Code: KeyRevoked, Group: "gate", Meaning: "the signing key was revoked from this position of the log on",
		Cause: "the key is no longer trusted", State: "nothing was sent"},
	{Code: SignatureInvalid, Group: "gate", Meaning: "the signature does not verify",
		Cause: "the record was changed after signing, or forged", State: "nothing was sent"},
	{Code: TrustRolledBack, Group: "gate", Meaning: "another version of trust.json counts",
		Cause: "an old trust.json was put back, or a record rests on a version that was not in force", State: "nothing was sent"},
	{Code: ThresholdUnmet, Group: "gate", Meaning: "fewer authorities signed than trust.json demands",
		Cause: "an authority has not signed yet", State: "nothing was sent"},
	{Code: NotEnforceable, Group: "gate", Meaning: "the receipt does not say enforceable: true",
		Cause: "an advisory in the shape of a receipt", State: "nothing was sent"},
	{Code: AudienceMismatch, Group: "gate", Meaning: "the publisher's key is not in the receipt's audience",
		Cause: "another publisher was authorised", State: "nothing was sent"},
	{Code: RunMismatch, Group: "gate", Meaning: "the receipt belongs to another run",
		Cause: "a receipt was copied between runs", State: "nothing was sent"},
	{Code: KindMismatch, Group: "gate", Meaning: "the receipt is for another kind of operation",
		Cause: "a receipt was copied between operations", State: "nothing was sent"},
	{Code: RepositoryMismatch, Group: "gate", Meaning: "the receipt is for another repository",
		Cause: "renamed, transferred or look-alike repository, or a copied receipt", State: "nothing was sent"},
	{Code: OperationMismatch, Group: "gate", Meaning: "the operation document is not the one that was authorised",
		Cause: "the document was changed after authorisation, is not valid, or is not named by its digest", State: "nothing was sent"},
	{Code: ContentMismatch, Group: "gate", Meaning: "a file is not the file that was authorised",
		Cause: "rebuilt, replaced or truncated after the plan", State: "nothing was sent"},
	{Code: LifetimeExcessive, Group: "gate", Meaning: "the receipt lives longer than trust.json or 24 h allow",
		Cause: "an authority with a wrong setting, or a stolen key", State: "nothing was sent"},
	{Code: NotYetValid, Group: "gate", Meaning: "the receipt is not valid yet",
		Cause: "clocks differ, or a later window was authorised", State: "nothing was sent"},
	{Code: Expired, Group: "gate", Meaning: "the receipt has expired",
		Cause: "too much time passed since authorisation", State: "nothing was sent"},
	{Code: Stale, Group: "gate", Meaning: "the receipt is older than 24 h",
		Cause: "too much time passed since authorisation", State: "nothing was sent"},
	{Code: ApprovalMissing, Group: "gate", Meaning: "approvals that trust.json demands are missing",
		Cause: "not enough distinct persons of the group approved this plan", State: "nothing was sent"},
	{Code: SelfApproval, Group: "gate", Meaning: "the requester approved the own request",
		Cause: "requester and approver are one person", State: "nothing was sent"},
	{Code: DuplicatePerson, Group: "gate", Meaning: "one person approved twice",
		Cause: "two keys of one person, or one approval given twice", State: "nothing was sent"},
	{Code: RejectedByApprover, Group: "gate", Meaning: "a person of a group that must approve the operation rejected the run",
		Cause: "a veto, at any time before the first visible effect", State: "nothing was sent; no receipt of the run can be used for that operation"},
	{Code: ReceiptUnlogged, Group: "gate", Meaning: "receipt, submission or approvals are not proved to stand in the log",
		Cause: "the proof is missing, of another record, or under a checkpoint that is not consistent with the one remembered", State: "nothing was sent"},
	{Code: PolicySuperseded, Group: "core", Meaning: "the policy has changed since the receipt was issued",
		Cause: "a new bundle is in force", State: "nothing was sent"},
	{Code: ClockUnsure, Group: "core", Meaning: "the clock cannot be believed",
		Cause: "it stands before a time that was already seen", State: "nothing was sent"},
	{Code: Revoked, Group: "core", Meaning: "the receipt was revoked",
		Cause: "an authorised person withdrew it", State: "nothing was sent"},
	{Code: Consumed, Group: "core", Meaning: "the receipt was used before",
		Cause: "its operation is closed, another receipt replaced it, or it was claimed for another operation", State: "nothing was sent by this attempt"},
	{Code: PrerequisiteOpen, Group: "core", Meaning: "an operation that must succeed first has not succeeded",
		Cause: "it was left out, is still being published, failed, or has an unknown outcome", State: "nothing was sent; the receipt is unused"},
	{Code: OperationInFlight, Group: "core", Meaning: "a receipt for the same tag or branch is in use",
		Cause: "a second run for the same resource, an outcome that is not recorded yet, or an unknown one that waits for a person", State: "nothing was sent"},
	{Code: ConfigInvalid, Group: "setup", Meaning: "a configuration file, a flag or a setting is not valid",
		Cause: "unknown key, wrong type, or a setting that may not come from there", State: "nothing was done"},
	{Code: StateMissing, Group: "setup", Meaning: "there is no .marketops folder or no such run",
		Cause: "wrong folder, or not set up yet", State: "nothing was done"},
	{Code: CoreUnreachable, Group: "setup", Meaning: "the Federation Core does not answer",
		Cause: "it is not running, or the address is another", State: "nothing was sent"},
	{Code: CoreAlreadyRunning, Group: "setup", Meaning: "another Federation Core serves this state folder",
		Cause: "a second start", State: "nothing was done"},
	{Code: KeyUnreadable, Group: "setup", Meaning: "a key file cannot be used",
		Cause: "missing, not private enough (mode 0600), weak, or of another type", State: "nothing was done"},
	{Code: PassphraseWrong, Group: "setup", Meaning: "the passphrase does not open the key",
		Cause: "a typing mistake, or another key", State: "nothing was done"},
	{Code: TokenMissing, Group: "setup", Meaning: "there is no usable GitHub write credential",
		Cause: "GITHUB_TOKEN, or what github.token or github.app.key names, is empty or not accepted", State: "nothing was sent; receipts unspent"},
	{Code: DiskFull, Group: "setup", Meaning: "the disk is full or below its reserve",
		Cause: "no room for records that must not be lost", State: "no new operation was begun"},
	{Code: FileUnsafe, Group: "setup", Meaning: "a local file may not be read or written",
		Cause: "a link, a pipe, a device or a file that is too large where a regular file belongs, or a file that another user can write", State: "nothing was sent"},
	{Code: LedgerUnavailable, Group: "infra", Meaning: "the claim ledger cannot answer",
		Cause: "database error or Core shutting down", State: "no new operation was begun"},
	{Code: LogUnavailable, Group: "infra", Meaning: "the log cannot take or show an entry",
		Cause: "disk, lock or checkpoint trouble in the Core", State: "no new operation was begun"},
	{Code: LogRolledBack, Group: "infra", Meaning: "the log is smaller than, or not consistent with, a checkpoint seen before",
		Cause: "restored from an old backup, or a fork", State: "nothing was sent; the evidence was kept"},
	{Code: QuorumUnmet, Group: "infra", Meaning: "too few witnesses cosigned the checkpoint",
		Cause: "witnesses are down", State: "nothing was sent"},
	{Code: NothingSelected, Group: "plan", Meaning: "no publication was selected",
		Cause: "an empty list, or every candidate was rejected", State: "nothing was sent"},
	{Code: PlanPartial, Group: "plan", Meaning: "a part of the publications was rejected",
		Cause: "a rejected publication, and no --allow-partial", State: "nothing was sent, no run was kept"},
	{Code: SourceUnreadable, Group: "plan", Meaning: "a file, branch or repository of the plan cannot be read",
		Cause: "missing file, no permission, or GitHub did not answer", State: "nothing was sent"},
	{Code: RuleDenied, Group: "plan", Meaning: "a planning rule refuses this publication",
		Cause: "two publications of one run take the same tag, a path needs leave, or a change set would do more than put files at its paths", State: "nothing was sent"},
	{Code: VersionExists, Group: "plan", Meaning: "the tag or release exists already",
		Cause: "the version was published before", State: "nothing was sent"},
	{Code: RefMoved, Group: "plan", Meaning: "a branch or tag is not where the plan needs it",
		Cause: "the commit is not on the allowed branch, or the branch or tag moved", State: "nothing was sent"},
	{Code: AssetUnsafe, Group: "plan", Meaning: "an asset cannot be published safely",
		Cause: "no regular file, outside the folder, an unsafe name, empty or too large", State: "nothing was sent"},
	{Code: NameUnsafe, Group: "plan", Meaning: "a name or text cannot be shown unchanged",
		Cause: "control or bidirectional characters, trailing space, marker lines, names outside GitHub's grammar", State: "nothing was sent"},
	{Code: SecretSuspected, Group: "plan", Meaning: "a text or file looks as if it held a secret",
		Cause: "a token or private key in notes, message or body, among the assets or in a change set", State: "nothing was sent"},
	{Code: PolicyDenied, Group: "authorise", Meaning: "policy does not allow the operation",
		Cause: "no permit applies, a forbid does, or the policy could not be evaluated", State: "no receipt was issued; an advisory says why"},
	{Code: PlanStale, Group: "authorise", Meaning: "what the plan rests on has changed",
		Cause: "base, head or repository moved after the plan", State: "no receipt was issued"},
	{Code: PlanMismatch, Group: "authorise", Meaning: "plan, operation documents and submission do not fit together",
		Cause: "files of different plans, or an edited file", State: "nothing was recorded"},
	{Code: ApproverUnknown, Group: "authorise", Meaning: "the key belongs to no person of trust.json",
		Cause: "wrong key, or a person who left", State: "nothing was recorded"},
	{Code: ApprovalSpent, Group: "authorise", Meaning: "the approvals are taken or used up",
		Cause: "a receipt that they serve can still be used, was revoked, or has published", State: "no receipt was issued"},
	{Code: FactUnobserved, Group: "authorise", Meaning: "policy needs a fact that the Core has not observed itself",
		Cause: "core.yaml does not observe GitHub", State: "no receipt was issued"},
	{Code: LimitReached, Group: "authorise", Meaning: "a limit of the Core is reached",
		Cause: "too many live receipts, submissions or a plan too large", State: "nothing was recorded"},
	{Code: Frozen, Group: "authorise", Meaning: "a freeze is in force",
		Cause: "policy forbids publishing now", State: "no receipt was issued"},
	{Code: ReceiptTooShort, Group: "act", Meaning: "the receipt ends before the writes of the operation can",
		Cause: "many files, or a credential that wrote much in the last hour: GitHub wants at most 1 write a second, 80 a minute, 500 an hour",
		State: "nothing was claimed or sent; the receipt is kept"},
	{Code: GitHubDenied, Group: "act", Meaning: "GitHub refused",
		Cause: "missing permission, a ruleset, or a name that is burnt", State: "the answer is recorded; nothing more was sent"},
	{Code: GitHubConflict, Group: "act", Meaning: "GitHub holds other content where ours would go",
		Cause: "another user made the tag, release or branch", State: "nothing of theirs was touched"},
	{Code: GitHubRateLimited, Group: "act", Meaning: "GitHub's rate limit did not end in time",
		Cause: "too many requests under this credential", State: "the operation stands where it stopped, under the same receipt"},
	{Code: GitHubUnreachable, Group: "act", Meaning: "GitHub cannot be reached",
		Cause: "network, DNS, TLS or a server error", State: "the operation stands where it stopped, under the same receipt"},
	{Code: RedirectRefused, Group: "act", Meaning: "a write was redirected and not followed",
		Cause: "renamed or transferred repository, or an attack", State: "nothing was sent to the other place"},
	{Code: HostMismatch, Group: "act", Meaning: "GitHub named an address outside the configured origins",
		Cause: "an upload or download address on another host", State: "the token was not sent there"},
	{Code: UploadDigestDiffers, Group: "act", Meaning: "GitHub holds other bytes than were sent",
		Cause: "a broken transfer", State: "the release is not published"},
	{Code: OutcomeUnknown, Group: "act", Meaning: "it cannot be told whether GitHub changed",
		Cause: "no usable answer, and reading does not decide", State: "the operation is blocked until it is resolved"},
	{Code: PackMalformed, Group: "verify", Meaning: "the pack is not a strict .mopack",
		Cause: "truncated, edited, unlisted files or unsafe paths", State: "nothing was verified"},
	{Code: WrongFile, Group: "verify", Meaning: "the file is of another kind than the one that was asked for",
		Cause: "a file of another tool, a download that failed, or two names in the wrong order", State: "nothing was verified"},
	{Code: NothingToVerify, Group: "verify", Meaning: "there is nothing to verify",
		Cause: "an empty pack, log or list, or a pack without a receipt", State: "nothing was verified"},
	{Code: TrustMissing, Group: "verify", Meaning: "there is no usable trust file",
		Cause: "none given, unreadable, or not valid", State: "nothing was verified"},
	{Code: TrustUnavailable, Group: "verify", Meaning: "a version of trust.json that the evidence rests on is not at hand",
		Cause: "an old trust.json, or one without the versions before it", State: "indeterminate"},
	{Code: LeafMismatch, Group: "verify", Meaning: "a leaf is not the one of its record",
		Cause: "a record, a leaf or an entry bundle was changed, or mixed up with another", State: "the evidence is not what it claims"},
	{Code: InclusionInvalid, Group: "verify", Meaning: "the inclusion proof does not hold",
		Cause: "a changed proof or tile, or a record that is not in the log", State: "the evidence is not what it claims"},
	{Code: CheckpointUnsigned, Group: "verify", Meaning: "the checkpoint is not signed by the log",
		Cause: "another log, or a forged checkpoint", State: "the evidence is not what it claims"},
	{Code: ConsistencyInvalid, Group: "verify", Meaning: "two checkpoints do not fit one log",
		Cause: "the log was forked: it does not extend a checkpoint that was seen before", State: "log misbehaviour; keep the evidence"},
	{Code: OrderViolation, Group: "verify", Meaning: "records stand in an order the protocol forbids",
		Cause: "a record precedes what it must follow", State: "log misbehaviour, or a broken Core"},
	{Code: ReceiptReused, Group: "verify", Meaning: "a receipt was spent more than once",
		Cause: "two claims or intents for one receipt and epoch, or a broken chain", State: "portable proof against the ledger"},
	{Code: OutcomeMissing, Group: "verify", Meaning: "an outcome that the verdict needs is not there",
		Cause: "a publisher never came back, or the pack was made before publication", State: "GitHub may have changed"},
	{Code: RecordWithheld, Group: "verify", Meaning: "a record that the verdict needs was not given",
		Cause: "erased, or not copied; or the pack does not decide whether its log extends a checkpoint", State: "indeterminate"},
	{Code: RecordUnknown, Group: "verify", Meaning: "a record is of an unknown type or version",
		Cause: "a newer writer", State: "indeterminate"},
	{Code: SplitView, Group: "verify", Meaning: "the log has shown different roots for one size",
		Cause: "a forked log: two checkpoints that it signed, or one and what trust.json knows", State: "log misbehaviour; keep the evidence"},
	{Code: NotPublished, Group: "verify", Meaning: "the files were authorised, and no outcome success says that they were published",
		Cause: "the receipt was revoked, or the publication was rejected or failed", State: "the files are not a release that was published as authorised"},
	{Code: RootDisputed, Group: "verify", Meaning: "an outcome quotes another root than the log has at that size",
		Cause: "a publisher that is wrong or lies, or one that was shown another log", State: "the publisher's word against the log's; no signed checkpoint decides"},
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
