package wire

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/answer"
)

// usedByImmutable is how GitHub refuses to publish under the tag of an immutable release that was deleted.
const usedByImmutable = "tag_name was used by an immutable release"

// restricted is how GitHub refuses a tag: by a ruleset, or because an immutable release that was deleted had
// the name (SalamLang/Salam#1627).
const restricted = "creations being restricted"

// GrantWorkflows says where the permission for workflows is given.
const GrantWorkflows = "give the credential Workflows: write: in the settings of the GitHub App, and then on the page of its installation; of a fine-grained token, in its settings; a classic token needs the scope workflow"

// GrantWrite is what helps where GitHub names no reason.
const GrantWrite = answer.GrantWrite

// refusal is the failure of a definite answer.
func (c *Caller) refusal(call *Call, x *Exchange) *marketops.Failure {
	f := &marketops.Failure{Code: codeOf(x), State: StateStopped}
	what := call.Step + ": GitHub answered " + http.StatusText(x.status)
	said := c.said(x)
	if w := said.Words; w != "" && w != http.StatusText(x.status) {
		what += ": " + w
	}
	f.Next = c.secrets.Text(said.Next)
	if x.class() == redirected {
		what = call.Step + ": GitHub redirects to " + withoutQuery(x.header.Get("Location"))
	}
	if x.status == http.StatusNotFound {
		f.Err = ErrNotShown
	}
	switch {
	case strings.Contains(what, usedByImmutable):
		f.Next = "plan another tag: a name that an immutable release once had cannot be used again, and trying again does not help"
	case strings.Contains(what, restricted):
		f.Next = "if an immutable release once had the name, plan another tag; otherwise put the credential on the bypass list of the tag ruleset"
	}
	if accepted := x.header.Get("X-Accepted-GitHub-Permissions"); x.status >= 400 && strings.Contains(accepted, "workflows=write") {
		what, f.Next = what+"; it accepts a credential with Workflows: write", GrantWorkflows
	} else if x.status >= 400 && !said.Final && permissions.MatchString(accepted) {
		what += "; it accepts a credential with " + accepted
	}
	f.What = c.secrets.line(what)
	return f
}

// permissions is how GitHub lists what a request needs.
var permissions = regexp.MustCompile(`^[a-z_]+=(read|write|admin)([,;] ?[a-z_]+=(read|write|admin)){0,9}$`)

// said is the refusal as people read it.
func (c *Client) said(x *Exchange) answer.Answer {
	return answer.Of(x.status, x.header, x.body, c.options.API)
}

// noAnswer says why an exchange is no answer; what we refused ourselves is final.
func (c *Caller) noAnswer(x *Exchange) error {
	var own *marketops.Failure
	switch {
	case errors.As(x.err, &own):
		return Permanent(own)
	case x.err != nil:
		return c.RedactError(x.err)
	case x.requestID() == "":
		return fmt.Errorf("status %d, and not from GitHub%s", x.status, c.quote(x))
	}
	return fmt.Errorf("GitHub answered %d %s%s", x.status, http.StatusText(x.status), c.quote(x))
}

// quote is what an answer says, behind a colon.
func (c *Caller) quote(x *Exchange) string {
	w := c.said(x).Words
	if w == "" || w == http.StatusText(x.status) {
		return ""
	}
	return ": " + c.secrets.line(w)
}

// quotePage names a web page that came in the place of an answer.
func (c *Caller) quotePage(x *Exchange) string {
	if !strings.HasPrefix(strings.ToLower(x.header.Get("Content-Type")), "text/html") {
		return ""
	}
	return c.quote(x)
}

// classify turns what is left after the last repetition into a failure.
func (c *Caller) classify(step string, err error) error {
	var f *marketops.Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	return &marketops.Failure{Code: marketops.GitHubUnreachable, What: step, State: StateStopped, Err: c.RedactError(err)}
}

// Stopf is a failure after which nothing more is sent.
func Stopf(code marketops.Code, format string, args ...any) error {
	return &marketops.Failure{Code: code, What: fmt.Sprintf(format, args...), State: StateStopped}
}

// FailureOf is the failure of an error that is not GitHub's: with the error's code, or else with this one.
func FailureOf(err error, otherwise marketops.Code, what string) error {
	code := marketops.CodeOf(err)
	if code == "" {
		code = otherwise
	}
	return &marketops.Failure{Code: code, What: what, State: StateStopped, Err: err}
}

// RecordFailure is the failure of a journal that cannot keep what was learned, nil of none.
func RecordFailure(err error) error {
	if err == nil {
		return nil
	}
	return FailureOf(err, marketops.DiskFull, "what GitHub answered cannot be recorded")
}

// keepFailure keeps a failure and takes anything else for the end of the caller's patience.
func keepFailure(step string, err error) error {
	var own *marketops.Failure
	if errors.As(err, &own) {
		return own
	}
	return Interruption(step, err)
}

// Interruption is the failure of a step whose context ended.
func Interruption(step string, err error) error {
	return &marketops.Failure{Code: marketops.GitHubUnreachable, What: step + ": interrupted", State: StateStopped, Err: err}
}
