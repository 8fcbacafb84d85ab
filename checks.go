package marketops

import "slices"

// Status is the answer to one check. The zero value is not an answer.
type Status string

// The three answers. A required check that did not run counts as failed.
const (
	Pass   Status = "pass"
	Fail   Status = "fail"
	NotRun Status = "not_run"
)

// Check is one question that was asked, under the code a failure would have.
type Check struct {
	Code     Code   `json:"code"`
	Status   Status `json:"status"`
	Expected string `json:"expected,omitzero"`
	Got      string `json:"got,omitzero"`
	Detail   string `json:"detail,omitzero"`
}

// Checks are the answers of a gate, one for each code, in the order in which it reports them. They
// are found by code. The zero value is a failure: nothing was asked.
type Checks []Check

// Find returns the answer under a code. One that is not there did not run.
func (cs Checks) Find(code Code) Check {
	if i := cs.index(code); i >= 0 {
		return cs[i]
	}
	return Check{Code: code, Status: NotRun}
}

// Has reports whether there is an answer under a code.
func (cs Checks) Has(code Code) bool { return cs.index(code) >= 0 }

func (cs Checks) index(code Code) int {
	return slices.IndexFunc(cs, func(c Check) bool { return c.Code == code })
}

// With returns a copy in which c is the one answer under its code: in the place of the earlier one, or last.
func (cs Checks) With(c Check) Checks {
	out := slices.Clone(cs)
	if i := cs.index(c.Code); i >= 0 {
		out[i] = c
		return out
	}
	return append(out, c)
}

// Without returns a copy that lacks the answer under a code.
func (cs Checks) Without(code Code) Checks {
	return slices.DeleteFunc(slices.Clone(cs), func(c Check) bool { return c.Code == code })
}

// Select returns one answer for each of the codes, in their order. A code without an answer did not
// run, for the reason why.
func (cs Checks) Select(codes []Code, why string) Checks {
	out := make(Checks, len(codes))
	for i, code := range codes {
		out[i] = Check{Code: code, Status: NotRun, Detail: why}
		if at := cs.index(code); at >= 0 {
			out[i] = cs[at]
		}
	}
	return out
}

// FirstFailure returns the first check that did not pass, and whether there is one.
// An empty list is a failure: nothing was asked, so nothing was answered.
func (cs Checks) FirstFailure() (Check, bool) {
	for _, c := range cs {
		if c.Status == Fail {
			return c, true
		}
	}
	for _, c := range cs {
		if c.Status != Pass {
			return c, true
		}
	}
	if len(cs) == 0 {
		return Check{Code: NothingToVerify, Status: Fail}, true
	}
	return Check{}, false
}
