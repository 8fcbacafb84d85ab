// Package verifier judges a pack: was exactly this authorised, by whom, and what became of it.
// It is pure and total. It reads no file, no clock and no network, and any input has a report.
//
// # Checks of a pack
//
// Each is required; one that did not run is a failure.
//
//	trust              there is a usable trust file
//	pack               the manifest is of one run, and all records are of it
//	checkpoint         a log of the trust file signed it, and a quorum of witnesses if one is demanded
//	records            every record opens under a key whose role, window and position allow it
//	inclusion          every record stands in the log, and its file bears its leaf's name
//	time               nothing is dated after the verification, or after the checkpoint that holds it
//	documents          plan and operation documents are canonical and the ones that records name
//	receipt-signature  enough authorities signed each receipt, and it is enforceable
//	receipt-binding    each is bound to this run, kind, repository, operation and publisher
//	receipt-time       each was claimed within its window and lifetime
//	approvals          the minimum of the trust file was met by persons other than the requester; no veto
//	receipt-logged     receipt, submission and approvals stand in the log, in that order
//	order              each record stands above what it names
//	claims             one claim per epoch, chained; a publisher of the audience
//	intents            one per epoch, by the publisher that claimed
//	outcomes           each receipt with an intent has one, by who may sign it
//	evidence           each text is the one that a record names by salted digest
//	run-closed         a seal names every record of the run below it (required where there is one)
//	held-checkpoint    the log is the one whose checkpoint the caller holds (required where he gives one)
//	files              the caller's files are the authorised and published assets (required where he gives some)
//
// # Levels
//
// signature asks nothing of the log: checkpoint, inclusion and receipt-logged do not run, and the
// order of records is the one that is claimed. inclusion asks for everything but witnesses. quorum
// asks for them too. The strictest level that the trust file names is the default, and a verdict at
// a lower one says so.
//
// # One log
//
// The inclusion proofs of a pack determine some of the log's earlier roots. Each that trust.json, an
// outcome or the caller names is compared: another root is a split view, and the report holds both
// statements. Of an outcome it is no more than the word of the publisher who signed it, root-disputed. What the proofs do not determine stays open: indeterminate for the checkpoint that the
// caller holds, under "not covered" for the others.
//
// The gate's questions are asked again at the time of the first claim, which the ledger asserts.
// Key windows are read at the time of a record: the later of its own issued_at and the latest
// issued_at that the ledger signed below it.
//
// Each record is judged under the version of the trust file that was in force at its place. The caller
// gives the newest; the pack brings the others, and each is proved by the digest in the one after it.
//
// # Verdicts
//
// verified means that every required check passed. failed means that something is wrong or was
// not asked. indeterminate means that something which the verdict needs is withheld, unknown or
// still open. A pack proves no absence: what it cannot say stands under "not covered", always.
//
// # What was shown
//
// verified says that the records are true, not that something was published. What became of each operation
// is said in one line, [Report.Shown]: authorised and published, or authorised and revoked, rejected, failed,
// unknown, or not published when the pack was made. Files are verified only under an outcome success.
package verifier

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/pack"
)

// The names of the checks of a pack.
const (
	CheckTrust      = "trust"
	CheckPack       = "pack"
	CheckCheckpoint = "checkpoint"
	CheckRecords    = "records"
	CheckInclusion  = "inclusion"
	CheckTime       = "time"
	CheckDocuments  = "documents"
	CheckSignature  = "receipt-signature"
	CheckBinding    = "receipt-binding"
	CheckWindow     = "receipt-time"
	CheckApprovals  = lifecycle.Approvals
	CheckLogged     = "receipt-logged"
	CheckOrder      = lifecycle.Order
	CheckClaims     = lifecycle.Claims
	CheckIntents    = lifecycle.Intents
	CheckOutcomes   = lifecycle.Outcomes
	CheckEvidence   = "evidence"
	CheckRunClosed  = lifecycle.RunClosed
	CheckHeld       = "held-checkpoint"
	CheckFiles      = "files"
	CheckBundle     = "bundle"
)

var packChecks = []string{
	CheckTrust, CheckPack, CheckCheckpoint, CheckRecords, CheckInclusion, CheckTime, CheckDocuments,
	CheckSignature, CheckBinding, CheckWindow, CheckApprovals, CheckLogged,
	CheckOrder, CheckClaims, CheckIntents, CheckOutcomes, CheckEvidence,
}

// unlogged are the checks that need the log, and are not asked at level [Signature].
var unlogged = []string{CheckCheckpoint, CheckInclusion, CheckLogged}

// Verify judges a pack against a trust file at the time of the verification, at the strictest
// level that the trust file names. It never fails otherwise than by its report.
func Verify(p *pack.Pack, t *trust.Trust, at marketops.Time) *Report {
	return Demand{}.Verify(p, t, at)
}

// Demand is what a caller asks for beyond the trust file. The zero value asks for nothing more.
type Demand struct {
	Require Level  // "": the strictest that the trust file names
	Held    []byte // a signed note of the same log, seen elsewhere; nil: none
	Files   *Files // what was downloaded; nil: not compared
	Former  Former // versions of the trust file that the evidence need not hold; nil: none
}

// Former returns a version of the trust file by its digest, or nil if it is not at hand.
type Former func(marketops.Digest) []byte

// Verify is the package's [Verify] under these demands.
func (d Demand) Verify(p *pack.Pack, t *trust.Trust, at marketops.Time) *Report {
	v := &verification{report: NewReport(OfPack, t, at), demand: d, pack: p, trust: t, at: at}
	for _, stage := range []func() bool{v.checkGiven, v.joinTrust, v.openCheckpoint, v.openRecords, v.admit, v.checkTrustFiles, v.checkConsistency, v.checkTimes, v.checkDocuments, v.followReceipts, v.askGates, v.checkEvidence, v.checkFiles} {
		if !stage() {
			break
		}
	}
	v.summarise()
	v.listUncovered()
	v.conclude(packChecks)
	v.showFates()
	return v.report
}

// requiredChecks are the checks that must have been answered.
func (v *verification) requiredChecks(checks []string) []string {
	names := slices.Clone(checks)
	if v.report.Level == Signature {
		names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(unlogged, n) })
	}
	if v.demand.Held != nil {
		names = append(names, CheckHeld)
	}
	if v.demand.Files != nil {
		names = append(names, CheckFiles)
	}
	return names
}

// conclude gives the verdict. What was not asked because the records could not be judged is not known to be wrong.
func (v *verification) conclude(checks []string) {
	required := v.requiredChecks(checks)
	for _, name := range required {
		if v.lacking != nil && !v.report.Answered(name) {
			v.report.Fail(Check{Name: name, Code: marketops.CodeOf(v.lacking), Detail: "not asked"})
		}
	}
	v.report.Conclude(required...)
}

// verification is the state between the stages; a stage that returns false ends it.
type verification struct {
	report   *Report
	demand   Demand
	pack     *pack.Pack
	trust    *trust.Trust
	at       marketops.Time
	cp       *log.Checkpoint // nil at level [Signature]
	cosigned marketops.Time  // 0 where no witness is demanded
	entries  []entry         // in log order
	unopened []unopened      // records by keys that no version at hand lists
	byDigest map[marketops.Digest]int
	plan     *document.Plan
	answers  map[marketops.Digest]answered // by receipt
	docs     map[marketops.Digest]*marketops.Operation
	tracker  *lifecycle.Tracker
	known    *prefixes
	unproved bool  // an outcome quotes a root that the pack does not determine
	lacking  error // what kept the records from being judged: a version of trust.json, or what took it into force
	missing  int   // evidence texts that records name and the pack does not hold
}

// entry is one record of the pack that opened and is included.
type entry struct {
	lifecycle.Entry
	proof *log.Proof
	time  marketops.Time
}

func (v *verification) fail(name, subject string, err error) {
	code := marketops.CodeOf(err)
	if code == "" {
		code = marketops.PackMalformed
	}
	v.report.Fail(Check{Name: name, Subject: subject, Code: code, Detail: err.Error()})
}

// checkTrust refuses to go on without a trust file.
func (v *verification) checkTrust() bool {
	r := v.report
	if !Usable(v.trust) {
		r.Fail(Check{Name: CheckTrust, Code: marketops.TrustMissing, Detail: "nothing in a pack says whom to believe"})
		return false
	}
	if err := r.setLevel(v.demand.Require, v.trust); err != nil {
		v.fail(CheckTrust, "", err)
		return false
	}
	r.Pass(CheckTrust, "", fmt.Sprintf("version %d, %s", v.trust.Version(), v.trust.Digest()))
	return true
}

// checkGiven refuses to go on without a trust file or without records.
func (v *verification) checkGiven() bool {
	r := v.report
	if !v.checkTrust() {
		return false
	}
	if v.pack == nil || len(v.pack.Records) == 0 {
		r.Fail(Check{Name: CheckPack, Code: marketops.NothingToVerify, Detail: "the pack holds no record"})
		return false
	}
	r.Run, r.Plan = v.pack.Manifest.RunID, v.pack.Manifest.Plan
	if !r.Run.Valid() {
		r.Fail(Check{Name: CheckPack, Code: marketops.PackMalformed, Detail: "the manifest names no run"})
		return false
	}
	return true
}

// openCheckpoint opens the one checkpoint under the log policy of the trust file.
func (v *verification) openCheckpoint() bool {
	if v.report.Level == Signature {
		for _, name := range unlogged {
			v.report.Skip(name, "", "not asked at level signature")
		}
		return true
	}
	policy := v.trust.Log()
	cp, cosigned, err := openAt(v.report.Level, policy, v.pack.Checkpoint)
	if err != nil {
		v.fail(CheckCheckpoint, v.pack.Origin, err)
		return false
	}
	if cp.Origin != v.pack.Origin {
		v.report.Fail(Check{Name: CheckCheckpoint, Subject: v.pack.Origin, Code: marketops.CheckpointUnsigned, Expected: v.pack.Origin, Got: cp.Origin, Detail: "the checkpoint is of another log than its file name says"})
		return false
	}
	v.cp, v.cosigned = cp, cosigned
	v.report.Checkpoint = &Checkpoint{cp.Origin, cp.Size, cp.Root, policy.Quorum(), cosigned}
	asked := policy.Quorum()
	if v.report.Lowered {
		asked += ", not asked"
	}
	v.report.Pass(CheckCheckpoint, "", fmt.Sprintf("%s at size %d, witnesses %s", cp.Origin, cp.Size, asked))
	return true
}
