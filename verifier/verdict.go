package verifier

import (
	"errors"
	"slices"
	"sort"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/trust"
)

// NewReport begins a report under a trust file, which may be nil.
func NewReport(kind Kind, t *trust.Trust, at marketops.Time) *Report {
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

// Usable reports whether t is a trust file that [receipt.Parse] accepted.
func Usable(t *trust.Trust) bool { return t != nil && t.Version() > 0 && t.Log() != nil }

// Refused returns a failed report for what went wrong before anything could be verified. The
// code is the one err carries, or else [marketops.SourceUnreadable].
func Refused(kind Kind, name string, t *trust.Trust, err error) *Report {
	r := NewReport(kind, t, 0)
	code := marketops.CodeOf(err)
	if code == "" {
		code = marketops.SourceUnreadable
	}
	r.Fail(Check{Name: name, Code: code, Detail: err.Error()})
	if refusal := (*marketops.Refusal)(nil); errors.As(err, &refusal) {
		r.Next = refusal.Next
	}
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
var undecided = []marketops.Code{marketops.RecordWithheld, marketops.RecordUnknown, marketops.OutcomeMissing, marketops.ClockUnsure, marketops.TrustUnavailable}

// Undecided reports whether a failure under this code says that something is not known, rather
// than wrong.
func Undecided(code marketops.Code) bool { return slices.Contains(undecided, code) }

// misbehaviour are the codes that only a log that forked or forgot can give.
var misbehaviour = []marketops.Code{marketops.SplitView, marketops.LogRolledBack, marketops.ConsistencyInvalid}

// Misbehaved reports whether a failure under this code shows that the log forked or was rolled back.
func Misbehaved(code marketops.Code) bool { return slices.Contains(misbehaviour, code) }

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
	n := &r.others
	if c.Status == marketops.Pass {
		n = &r.passed
	}
	if *n++; *n > MaxChecks {
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
	// Not a generic sort: each of those would be a copy of its own in a program that is to stay small.
	sort.SliceStable(r.Checks, func(i, j int) bool { return place(required, r.Checks[i].Name) < place(required, r.Checks[j].Name) })
	if r.Verdict, r.Code, r.concluded = Verified, r.code, true; r.worst != "" {
		r.Verdict = r.worst
	}
}

// place returns where a check stands in a report: in the order of the required ones, then the others.
func place(required []string, name string) int {
	if i := slices.Index(required, name); i >= 0 {
		return i
	}
	return len(required)
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
