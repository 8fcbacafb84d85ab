package github

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
)

// class says what an exchange proves. The zero value proves nothing.
type class int

const (
	ambiguous    class = iota
	unsent             // no connection was made, or we refused ourselves
	limited            // GitHub did not do it and wants us to wait
	unauthorised       // the credential was not accepted
	redirected         // GitHub did not do it and names another place
	refused            // GitHub did not do it and will not
	answered           // 2xx; whether it is the planned answer is for the caller to say
)

// definite are the refusals after which nothing has happened, beside 3xx, 401, 403 and 429.
var definite = []int{
	http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusGone,
	http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
}

func (x *exchange) class() class {
	switch {
	case !x.reached.Load() && x.status == 0:
		return unsent
	case x.err != nil || x.requestID() == "":
		return ambiguous
	case x.status >= 200 && x.status < 300:
		return answered
	case x.status >= 300 && x.status < 400:
		return redirected
	case x.status == http.StatusUnauthorized:
		return unauthorised
	case x.status == http.StatusTooManyRequests, x.status == http.StatusForbidden && x.hasLimit():
		return limited
	case x.status == http.StatusForbidden, slices.Contains(definite, x.status):
		return refused
	}
	return ambiguous
}

func (x *exchange) requestID() string { return x.header.Get("X-GitHub-Request-Id") }

// hasLimit tells a limit from a lack of rights: both are 403.
func (x *exchange) hasLimit() bool {
	words := strings.ToLower(x.complaint().Message)
	return x.header.Get("Retry-After") != "" || x.header.Get("X-RateLimit-Remaining") == "0" ||
		strings.Contains(words, "secondary rate limit") || strings.Contains(words, "abuse detection")
}

// complaint is the body of a refusal; its members are loose because they only inform.
type complaint struct {
	Message string `json:"message"`
	Errors  []any  `json:"errors"`
}

func (x *exchange) complaint() complaint {
	var c complaint
	if json.Unmarshal(x.body, &c) != nil {
		return complaint{}
	}
	return c
}

// words is GitHub's refusal for people. In a 422 the reason often stands only among the errors.
func (x *exchange) words() string {
	c := x.complaint()
	parts := []string{c.Message}
	for _, e := range c.Errors {
		switch e := e.(type) {
		case string:
			parts = append(parts, e)
		case map[string]any:
			for _, name := range []string{"field", "code", "message"} {
				if s, ok := e[name].(string); ok {
					parts = append(parts, s)
				}
			}
		}
	}
	return strings.TrimSpace(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " "))
}

// burnt is how GitHub refuses to publish under the tag of an immutable release that was deleted.
const burnt = "tag_name was used by an immutable release"

// refusal is the failure of a definite answer.
func (r *reader) refusal(c *call, x *exchange) *marketops.Failure {
	f := &marketops.Failure{Code: marketops.GitHubDenied, State: stateStopped}
	what := c.step + ": GitHub answered " + http.StatusText(x.status)
	if w := x.words(); w != "" && w != http.StatusText(x.status) {
		what += ": " + w
	}
	if x.class() == redirected {
		f.Code, what = marketops.RedirectRefused, c.step+": GitHub redirects to "+place(x.header.Get("Location"))
	}
	if x.status == http.StatusNotFound {
		f.Err = errNotShown
	}
	if strings.Contains(what, burnt) {
		f.State, f.Next = stateDraftKept, "plan another tag: a name that an immutable release once had is burnt for ever, and trying again does not help"
	}
	f.What = clip(r.port.secrets.clean(what))
	return f
}
