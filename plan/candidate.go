package plan

import (
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/advice"
	"github.com/omega/marketops/plan/document"
)

// candidate is one publication on its way through the stages. Stages go on after a rejection
// where they can, so that one plan shows everything that has to be fixed.
type candidate struct {
	number   int
	pub      Publication
	repo     Repository
	commit   Commit // the tag's target, or the base of a pull request
	op       marketops.Operation
	maker    *candidate // of the same file: it makes the tag of this one
	files    []File
	objects  map[string][]byte // of git, by id: what people need to see what a change set changes
	after    []*candidate      // that must succeed first
	line     int               // number of its operation in the plan; 0 before it has one
	rejected []document.Rejected
	findings []document.Finding
	// silent is set when a secret was seen: every further reason could quote it.
	silent bool
}

// known reports whether the repository was found.
func (c *candidate) known() bool { return c.repo.ID > 0 }

func (c *candidate) isPlanned() bool { return len(c.rejected) == 0 }

// reject lists a reason. An error without a code of the group "plan" counts as
// [marketops.RuleDenied] if the document itself was refused, else as [marketops.SourceUnreadable].
func (c *candidate) reject(err error) {
	if err == nil || c.silent || len(c.rejected) == document.MaxRejections {
		return
	}
	var r *marketops.Refusal
	if !errors.As(err, &r) {
		r = marketops.RefuseErr(marketops.SourceUnreadable, "", err)
	}
	code := r.Code
	if info, ok := code.Info(); !ok || info.Group != "plan" {
		code = marketops.SourceUnreadable
		if r.Code == marketops.OperationMismatch {
			code = marketops.RuleDenied
		}
	}
	out := document.Rejected{Number: c.number, Kind: c.pub.Kind, Repository: c.pub.Repository, Code: code, Reason: reason(r), Remedy: r.Next}
	if out.Remedy == "" {
		out.Remedy = advice.Next(code)
	}
	for _, check := range r.Checks {
		out.Expected, out.Got = check.Expected, check.Got
	}
	if code == marketops.SecretSuspected {
		c.silent = true
		if scan("", c.pub.Repository) != nil {
			out.Repository = "[withheld]"
		}
	}
	c.rejected = append(c.rejected, out)
}

func reason(r *marketops.Refusal) string {
	switch {
	case r.Err == nil:
		return r.What
	case r.What == "":
		return r.Err.Error()
	}
	return r.What + ": " + r.Err.Error()
}

func (c *candidate) find(rule string, s document.Severity, text string) {
	c.findings = append(c.findings, document.Finding{Number: c.number, Rule: rule, Severity: s, Text: text})
}

// deny is a refusal with its own remedy; "" means the code's.
func deny(code marketops.Code, reason, remedy string) *marketops.Refusal {
	return &marketops.Refusal{Code: code, What: reason, Next: remedy}
}

// denyDifference is [deny] with what was wanted and what was found.
func denyDifference(code marketops.Code, reason, remedy, expected, got string) *marketops.Refusal {
	r := deny(code, reason, remedy)
	r.Checks = marketops.Checks{{Code: code, Status: marketops.Fail, Expected: expected, Got: got}}
	return r
}

// must turns a lookup that proved nothing into a refusal, whatever the source said beside it.
func must(p Presence, err error, what string) error {
	if err == nil && p != Absent && p != Present {
		err = fmt.Errorf("%s: the lookup proved nothing", what)
	}
	if err != nil && marketops.CodeOf(err) == "" {
		err = marketops.RefuseErr(marketops.SourceUnreadable, what, err)
	}
	return err
}
