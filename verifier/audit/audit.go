// Package audit judges a whole log: was every receipt in it issued rightly, spent once, and
// ended truthfully. [Audit] is pure, and reads a log of any size as a stream. [Folder],
// [StateFile] and [Progress] are what commands need around it.
//
// # Checks
//
// Each is required; one that did not run is a failure.
//
//	trust              there is a usable trust file
//	checkpoint         a log of the trust file signed it, and a quorum of witnesses if one is demanded
//	since              the log extends the checkpoint that the caller kept (required where one is given)
//	resume             the state to go on from is of this log and this trust file (required where one is given)
//	known-checkpoints  the log extends every checkpoint of it that the trust file remembers (required where there is one)
//	documents          every file of the folder of operation documents is one, under its digest (required where it is given)
//	entries            every entry is the one of the tree under the checkpoint
//	records            every record opens under a key whose role, window and position allow it
//	withheld           no record of a publisher, an authority or the ledger is withheld
//	receipts           enforceable, within its lifetime, claimed in time, signed by enough authorities
//	approvals          the minimum was met by persons other than the requester, with no veto, for every receipt
//	order              each record stands above what it names, and none is dated after the quorum's cosignatures
//	claims             one claim per receipt and epoch, chained, in the audience; one live receipt per resource
//	intents            one per epoch, by the publisher that claimed
//	outcomes           at most one per receipt, after its intent, by who may sign it; none missing
//	roots              each root that an outcome quotes is the log's at that size
//	run-closed         each seal names exactly the records of its run below it
//	previous-log       the log before this one ended as the first leaf says (required where it is given)
//
// # Time
//
// A record's time is the later of its own issued_at and the latest issued_at that the ledger
// signed below it. The log's time is the latest that the ledger signed or a quorum cosigned; the
// caller may raise it to find outcomes that are overdue.
//
// # Withheld records
//
// A leaf shows who signed it, also when its record is gone. Records of persons may be erased:
// they are counted, and whatever rests on one is indeterminate, as is the veto on every later
// receipt that the person could have stopped. Without a record of anybody else single use itself
// is indeterminate. Entries and records of an unknown kind are counted and never skipped.
//
// # Resources
//
// Entries are read ahead, opened by several workers and judged in order. Every signature is verified
// by itself, the checkpoint's once. Memory is about 30 bytes an entry and what is under way: runs
// that nobody speaks of any more shrink to fingerprints and are read again if somebody does. Reports
// list a bounded number of findings and count the others.
//
// An audit can hand out its state from time to time and go on from it. Whoever goes on from a
// state believes it: see [Options.State].
package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/fast"
	"github.com/omega/marketops/internal/canon/onepass"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
)

// The names of the checks of an audit.
const (
	CheckTrust      = verifier.CheckTrust
	CheckCheckpoint = verifier.CheckCheckpoint
	CheckSince      = "since"
	CheckResume     = "resume"
	CheckKnown      = "known-checkpoints"
	CheckEntries    = "entries"
	CheckDocuments  = verifier.CheckDocuments
	CheckRecords    = verifier.CheckRecords
	CheckWithheld   = "withheld"
	CheckReceipts   = lifecycle.Receipts
	CheckRoots      = lifecycle.Roots
)

// walked are the checks that the walk over all entries answers.
var walked = []string{CheckRecords, CheckWithheld, lifecycle.Receipts, lifecycle.Approvals, lifecycle.Order, lifecycle.Claims, lifecycle.Intents, lifecycle.Outcomes, lifecycle.Roots, lifecycle.RunClosed}

// Options of an audit. The zero value is usable.
type Options struct {
	// At raises the log's own time, to find outcomes that are overdue while the log stands still.
	At marketops.Time
	// Document returns the operation document of this digest, or nil. What rests on a document that is
	// not given is listed as not covered.
	Document func(marketops.Digest) *marketops.Operation
	// Plan returns the plan of this digest, or nil. The order between the operations of a plan that is not given is
	// listed as not covered.
	Plan func(marketops.Digest) *document.Plan
	// Operations is a folder of operation documents and plans, each named by its digest, for Document and Plan. Any
	// other file in it fails the audit, but for unfinished files.
	Operations *Folder
	// Previous is the log that this one goes on after. Its end must be what the first leaf says;
	// what it holds is an audit of its own.
	Previous log.TileReader
	// Former returns versions of the trust file that the record store does not hold; nil for none.
	Former verifier.Former
	// Since is a signed checkpoint that the caller kept. The log must extend it, and entries above
	// it are counted by themselves.
	Since []byte
	// HashOnly asks for the tree alone. The verdict is then never better than indeterminate.
	HashOnly bool
	// Workers open records side by side; 0 means one for each processor. What is far away needs more.
	Workers int
	// Progress is told how many entries are done, every few.
	Progress func(done, total uint64)

	// Stop ends the audit when it is closed, as a failure; what was done is saved.
	Stop <-chan struct{}

	// State is what Save was given last; nil begins anew. It decides what the audit believes of all
	// entries below it, as the trust file decides whom: keep it where nobody else can write.
	State []byte
	// Save keeps the state, each SaveEvery entries (0: 100 000) and at the end. An error is no
	// finding: the report then says that the audit cannot be resumed.
	Save      func(write func(io.Writer) error) error
	SaveEvery uint64
	// Program is the version of the program, to which a state is bound.
	Program string
	// Secret hides from whoever wrote the log how names are remembered; it is drawn at random. The
	// zero value is replaced by the root, which nobody chooses freely either.
	Secret [32]byte

	keep int // records that the tracker keeps at hand; 0 is its own default
}

func (o Options) saveEvery() uint64 {
	if o.SaveEvery == 0 {
		return 100_000
	}
	return o.SaveEvery
}

func (a *audit) workers() int {
	if a.options.Workers > 0 {
		return a.options.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Audit judges the log in files, with the envelopes in records, under a trust file.
func Audit(files, records log.TileReader, t *trust.Trust, o Options) *verifier.Report {
	a := &audit{report: verifier.NewReport(verifier.OfAudit, t, o.At), files: files, records: records, trust: t, options: o,
		opener: crypto.Opener{Verify: new(fast.Keys).Verify, Read: onepass.Read}, counts: map[string]uint64{}, failed: map[string]bool{}}
	required := append([]string{CheckTrust, CheckCheckpoint, CheckEntries}, walked...)
	if o.HashOnly {
		required = required[:4]
	}
	if o.Since != nil {
		required = append(required, CheckSince)
	}
	if o.State != nil {
		required = append(required, CheckResume)
	}
	if o.Operations != nil {
		required, a.options.Document = append(required, CheckDocuments), (&inFolder[marketops.Operation]{folder: o.Operations, parse: marketops.ParseOperation}).find
		a.options.Plan = (&inFolder[document.Plan]{folder: o.Operations, parse: document.Parse}).find
	}
	if a.begin() {
		required = append(required, a.checkKnown()...)
		a.run()
	}
	required = append(required, a.checkShards()...)
	a.listUncovered()
	a.report.Conclude(required...)
	if a.report.Verified() {
		a.report.Shown = fmt.Sprintf("the log keeps its rules; %s authorised, published only where an outcome says success", lifecycle.Count(a.counts["receipt"], "receipt"))
	}
	return a.report
}

// run asks about everything below the checkpoint.
func (a *audit) run() {
	if a.options.Operations != nil {
		a.checkDocuments()
	}
	if a.options.Since != nil && !a.checkSince() {
		return
	}
	if a.options.HashOnly {
		a.compareHashes()
		return
	}
	a.roots, a.found = newRoots(a.tree), nil // what was found so far will be found again
	if a.options.State != nil {
		if a.resume() {
			a.walk()
		}
		return
	}
	rules := a.rules()
	if rules.Secret = a.options.Secret; rules.Secret == [32]byte{} {
		root := a.tree.Checkpoint().Root
		rules.Secret = sha256.Sum256(root[:])
	}
	a.tracker = lifecycle.NewTracker(rules)
	a.walk()
}

// audit is the state of one walk.
type audit struct {
	report  *verifier.Report
	files   log.TileReader
	records log.TileReader
	trust   *trust.Trust
	options Options
	opener  crypto.Opener // quick: an audit opens every record of a log

	tree         *log.Tree
	roots        *roots
	tracker      *lifecycle.Tracker
	course       *trust.Course     // which version of the trust file was in force where
	lacking      error             // the version that is not at hand: from there on nothing was judged
	ledger       marketops.Time    // the latest that the ledger signed so far
	latest       marketops.Time    // of all records so far
	counts       map[string]uint64 // entries by record name
	erased       uint64            // records of persons and advisories that were withheld
	undocumented uint64            // receipts, as signed, without their operation document
	unplanned    uint64            // receipts, as signed, without their plan
	failed       map[string]bool   // checks with a finding
	found        []verifier.Check  // the findings, as many as a report lists
	from         uint64            // the first entry that no state speaks for
	since        *log.Checkpoint
	increment    map[string]uint64 // counts of the entries above since
	saveErr      error             // why no state is kept any more
	remembered   int
	open         int // receipts whose outcome is not due yet
}

func (a *audit) fail(c verifier.Check) {
	a.failed[c.Name] = true
	if len(a.found) < verifier.MaxChecks {
		a.found = append(a.found, c)
	}
	a.report.Fail(c)
}

func (a *audit) failErr(name, subject string, err error) {
	code := marketops.CodeOf(err)
	if code == "" {
		code = marketops.LogUnavailable
	}
	a.fail(verifier.Check{Name: name, Subject: subject, Code: code, Detail: err.Error()})
}

// begin opens the checkpoint.
func (a *audit) begin() bool {
	if !verifier.Usable(a.trust) {
		a.fail(verifier.Check{Name: CheckTrust, Code: marketops.TrustMissing, Detail: "nothing in a log says whom to believe"})
		return false
	}
	a.report.Pass(CheckTrust, "", fmt.Sprintf("version %d, %s", a.trust.Version(), a.trust.Digest()))
	raw, err := a.files.ReadFile(log.CheckpointPath)
	if errors.Is(err, fs.ErrNotExist) {
		err = marketops.RefuseErr(marketops.NothingToVerify, "the log has no checkpoint", err)
	}
	if err != nil {
		a.failErr(CheckCheckpoint, "", err)
		return false
	}
	policy := a.trust.Log()
	cp, err := policy.Open(raw)
	if err != nil {
		a.failErr(CheckCheckpoint, "", err)
		return false
	}
	cosigned, _ := policy.CosignedAt(raw)
	a.report.Checkpoint = &verifier.Checkpoint{Origin: cp.Origin, Size: cp.Size, Root: cp.Root, Quorum: policy.Quorum(), CosignedAt: cosigned}
	if cp.Size == 0 {
		a.fail(verifier.Check{Name: CheckCheckpoint, Code: marketops.NothingToVerify, Detail: "the log has no entry"})
		return false
	}
	a.report.Pass(CheckCheckpoint, "", fmt.Sprintf("%s at size %d, witnesses %s", cp.Origin, cp.Size, policy.Quorum()))
	a.tree = log.NewTree(cp, a.files)
	return a.options.HashOnly || a.joinTrust()
}

// joinTrust takes the earlier versions of the trust file from the record store, and from the caller.
func (a *audit) joinTrust() bool {
	joined, err := a.trust.With(func(d marketops.Digest) []byte {
		if text, err := a.records.ReadFile(log.TrustPath(d)); err == nil {
			return text
		}
		if a.options.Former != nil {
			return a.options.Former(d)
		}
		return nil
	})
	if err != nil {
		a.failErr(CheckTrust, "", err)
		return false
	}
	a.trust, a.course = joined, trust.NewCourse(joined)
	return true
}

// checkKnown holds the log to every checkpoint of it that the trust file remembers, and returns the
// check's name if there is one.
func (a *audit) checkKnown() []string {
	cp := a.tree.Checkpoint()
	for _, k := range a.trust.File().KnownCheckpoints {
		if k.Origin != cp.Origin {
			continue
		}
		a.remembered++
		subject := fmt.Sprintf("%s at size %d", k.Origin, k.Size)
		if k.Size < 0 {
			a.fail(verifier.Check{Name: CheckKnown, Subject: subject, Code: marketops.ConfigInvalid, Detail: "trust.json remembers a negative size"})
		} else if _, err := a.tree.Consistency(&log.Checkpoint{Origin: k.Origin, Size: uint64(k.Size), Root: k.Root}); err != nil {
			a.failErr(CheckKnown, subject, err)
		}
	}
	if a.remembered == 0 {
		return nil
	}
	if !a.failed[CheckKnown] {
		a.report.Pass(CheckKnown, "", fmt.Sprintf("%d, all of this log", a.remembered))
	}
	return []string{CheckKnown}
}
