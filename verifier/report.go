package verifier

import (
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// Verdict is the answer of a whole report. The zero value is no answer and counts as failed.
type Verdict string

// The verdicts.
const (
	Verified      Verdict = "verified"
	Failed        Verdict = "failed"
	Indeterminate Verdict = "indeterminate" // nothing is wrong, but something that the verdict needs is not there
)

// Kind is what a report is about; it decides which checks are required.
type Kind string

// The kinds.
const (
	OfPack  Kind = "pack"
	OfAudit Kind = "audit"
)

// MaxChecks is how many checks a report lists. Further ones count for the verdict and are
// counted in Omitted.
const MaxChecks = 10_000

const (
	schemaReport = "marketops.report/v1"

	// unwitnessed is added to every verdict where no witness stands beside the operator.
	unwitnessed = "order, time and append-only rest on the operator"
)

// Exit codes of a verification, those of the command line.
const (
	ExitVerified     = 0
	ExitFailed       = 11 // failed or indeterminate
	ExitMisbehaviour = 14 // the log forked or was rolled back
)

// Check is one question that was asked, under a name that never changes. The code of a check
// that passed is empty; of one that failed, it says how.
type Check struct {
	Name     string           `json:"name"`
	Subject  string           `json:"subject,omitzero"` // a receipt id, a leaf, a file; "" for the whole
	Code     marketops.Code   `json:"code,omitzero"`
	Status   marketops.Status `json:"status"`
	Expected string           `json:"expected,omitzero"`
	Got      string           `json:"got,omitzero"`
	Detail   string           `json:"detail,omitzero"`
}

// Checkpoint is what a report was computed from.
type Checkpoint struct {
	Origin     string         `json:"origin"`
	Size       uint64         `json:"size"`
	Root       log.Hash       `json:"root"`
	Quorum     string         `json:"quorum"` // of witnesses, "none" if trust.json demands none
	CosignedAt marketops.Time `json:"cosigned_at,omitzero"`
}

// Operation is one authorised operation and what became of it.
type Operation struct {
	Receipt    marketops.ReceiptID `json:"receipt"`
	Operation  marketops.Digest    `json:"operation"`
	Kind       marketops.Kind      `json:"kind"`
	Repository string              `json:"repository"` // owner/name
	Target     string              `json:"target"`     // host#id
	Resource   string              `json:"resource,omitzero"`
	URL        string              `json:"url,omitzero"`
	Status     string              `json:"status"` // authorized, revoked, claimed, intended, success, failed, rejected or unknown
	Code       marketops.Code      `json:"code,omitzero"`
	Requester  string              `json:"requester,omitzero"` // person
	Approvers  []string            `json:"approvers"`          // persons
	Authority  []string            `json:"authorities"`
	Publisher  string              `json:"publisher,omitzero"`
	Resolver   string              `json:"resolver,omitzero"` // person who decided an unknown outcome
	Positions  []Place             `json:"positions"`         // in log order
}

// Place is where a record stands in the log.
type Place struct {
	Record string `json:"record"`
	Index  uint64 `json:"index"`
}

// Refusal is one recorded refusal.
type Refusal struct {
	Index     uint64           `json:"index"`
	Code      marketops.Code   `json:"code"`
	Run       string           `json:"run,omitzero"`
	Receipt   string           `json:"receipt,omitzero"`
	Operation marketops.Digest `json:"operation,omitzero"`
	Kind      marketops.Kind   `json:"kind,omitzero"`
	By        string           `json:"by"`
	At        marketops.Time   `json:"at"`
}

// Count is how many entries of one kind an audit saw.
type Count struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

// Report is the answer of a verification. The zero value is a failure.
type Report struct {
	Schema       string           `json:"schema"` // "marketops.report/v1"
	Kind         Kind             `json:"kind"`
	Verdict      Verdict          `json:"verdict"`
	Code         marketops.Code   `json:"code,omitzero"` // of the first check that decided against verified
	Unwitnessed  string           `json:"unwitnessed,omitzero"`
	Run          marketops.RunID  `json:"run,omitzero"`
	Plan         marketops.Digest `json:"plan,omitzero"`
	At           marketops.Time   `json:"at,omitzero"` // when, as the caller says
	TrustDigest  marketops.Digest `json:"trust_digest,omitzero"`
	TrustVersion int64            `json:"trust_version,omitzero"`
	Checkpoint   *Checkpoint      `json:"checkpoint,omitzero"`
	Checks       []Check          `json:"checks"`
	Omitted      int              `json:"omitted,omitzero"`
	Operations   []Operation      `json:"operations"`
	Refusals     []Refusal        `json:"refusals"`
	Counts       []Count          `json:"counts,omitzero"`
	NotCovered   []string         `json:"not_covered"`

	worst     Verdict
	code      marketops.Code
	answered  map[string]bool // names that passed or failed
	forked    bool
	concluded bool
}

// NewReport begins a report under a trust file, which may be nil.
func NewReport(kind Kind, t *receipt.Trust, at marketops.Time) *Report {
	if _, err := at.MarshalText(); err != nil {
		at = 0
	}
	r := &Report{Schema: schemaReport, Kind: kind, At: at, Checks: []Check{}, Operations: []Operation{}, Refusals: []Refusal{}, NotCovered: []string{}, answered: map[string]bool{}}
	if Usable(t) {
		r.TrustDigest, r.TrustVersion = t.Digest(), t.Version()
		if !t.Log().Witnessed() {
			r.Unwitnessed = unwitnessed
		}
	}
	return r
}

// Usable reports whether t is a trust file that [receipt.ParseTrust] accepted.
func Usable(t *receipt.Trust) bool { return t != nil && t.Version() > 0 && t.Log() != nil }

// Refused returns a failed report for what went wrong before anything could be verified. The
// code is the one err carries, or else [marketops.SourceUnreadable].
func Refused(kind Kind, name string, t *receipt.Trust, err error) *Report {
	r := NewReport(kind, t, 0)
	code := marketops.CodeOf(err)
	if code == "" {
		code = marketops.SourceUnreadable
	}
	r.Fail(Check{Name: name, Code: code, Detail: err.Error()})
	r.Uncovered("anything: nothing was verified")
	r.Conclude()
	return r
}

// Pass records a check that passed.
func (r *Report) Pass(name, subject, detail string) {
	r.add(Check{Name: name, Subject: subject, Status: marketops.Pass, Detail: detail})
}

// Fail records a check that failed; its code decides whether the verdict is failed or
// indeterminate.
func (r *Report) Fail(c Check) {
	c.Status = marketops.Fail
	v := Failed
	if Undecided(c.Code) {
		v = Indeterminate
	}
	r.lower(v, c.Code)
	r.forked = r.forked || slices.Contains(misbehaviour, c.Code)
	r.add(c)
}

// Skip records a check that could not run. If it is required the report fails.
func (r *Report) Skip(name, subject, detail string) {
	r.add(Check{Name: name, Subject: subject, Status: marketops.NotRun, Detail: detail})
}

// Uncovered names something that the verdict says nothing about.
func (r *Report) Uncovered(what string) { r.NotCovered = append(r.NotCovered, what) }

// undecided are the codes that say that something is not known, rather than wrong.
var undecided = []marketops.Code{marketops.RecordWithheld, marketops.RecordUnknown, marketops.OutcomeMissing, marketops.ClockUnsure}

// Undecided reports whether a failure under this code says that something is not known, rather
// than wrong.
func Undecided(code marketops.Code) bool { return slices.Contains(undecided, code) }

// misbehaviour are the codes that only a log that forked or forgot can give.
var misbehaviour = []marketops.Code{marketops.SplitView, marketops.LogRolledBack, marketops.ConsistencyInvalid}

func (r *Report) lower(v Verdict, code marketops.Code) {
	if r.worst == Failed || r.worst == v {
		return
	}
	r.worst, r.code = v, code
}

func (r *Report) add(c Check) {
	if r.answered == nil {
		r.answered = map[string]bool{}
	}
	if c.Status != marketops.NotRun {
		r.answered[c.Name] = true
	}
	if len(r.Checks) >= MaxChecks {
		r.Omitted++
		return
	}
	r.Checks = append(r.Checks, c)
}

// Answered reports whether a check of this name passed or failed.
func (r *Report) Answered(name string) bool { return r.answered[name] }

// Conclude gives the verdict: verified only if every required check ran and none failed. A
// report without any check is a failure, [marketops.NothingToVerify].
func (r *Report) Conclude(required ...string) {
	if len(r.answered) == 0 {
		r.Fail(Check{Name: "contents", Code: marketops.NothingToVerify})
	}
	for _, name := range required {
		if r.answered[name] {
			continue
		}
		if !slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Name == name }) {
			r.Skip(name, "", "an earlier check did not pass")
		}
		r.lower(Failed, marketops.NothingToVerify)
	}
	if r.Verdict, r.Code, r.concluded = Verified, r.code, true; r.worst != "" {
		r.Verdict = r.worst
	}
}

// Verified reports whether everything required was verified.
func (r *Report) Verified() bool { return r != nil && r.concluded && r.Verdict == Verified }

// ExitCode returns the exit code of the verdict; a report that nobody concluded failed.
func (r *Report) ExitCode() int {
	if r.Verified() {
		return ExitVerified
	}
	if r != nil && r.forked {
		return ExitMisbehaviour
	}
	return ExitFailed
}
