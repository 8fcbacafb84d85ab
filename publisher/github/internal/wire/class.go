package wire

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops/internal/answer"
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
	http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusUnavailableForLegalReasons,
}

func (x *Exchange) class() class {
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
	case x.status == http.StatusTooManyRequests, x.status == http.StatusForbidden && x.isLimit(), x.isTooQuick():
		return limited
	case x.status == http.StatusForbidden, slices.Contains(definite, x.status):
		return refused
	}
	return ambiguous
}

// Scopes returns what GitHub says that a classic token may do, and false for a token of another kind, or where the
// header is no list of scopes.
func (x *Exchange) Scopes() (scopes []string, classic bool) {
	said := x.header.Values("X-Oauth-Scopes")
	if len(said) != 1 || !scopeList.MatchString(said[0]) {
		return nil, false
	}
	return strings.Split(said[0], ", "), true
}

var scopeList = regexp.MustCompile(`^([a-z_:]+(, [a-z_:]+)*)?$`)

func (x *Exchange) requestID() string { return x.header.Get("X-GitHub-Request-Id") }

// isLimit tells a limit from a lack of rights: both are 403.
func (x *Exchange) isLimit() bool {
	text := strings.ToLower(x.errorBody().Message)
	return x.header.Get("Retry-After") != "" || x.header.Get("X-RateLimit-Remaining") == "0" ||
		strings.Contains(text, "secondary rate limit") || strings.Contains(text, "abuse detection")
}

// isTooQuick tells a limit that GitHub words as invalid content: "was submitted too quickly" (cli/cli#4801).
func (x *Exchange) isTooQuick() bool {
	return x.status == http.StatusUnprocessableEntity && strings.Contains(x.reason(), "submitted too quickly")
}

// errorBody is the body of a refusal; its members are loose because they only inform.
type errorBody struct {
	Message string `json:"message"`
	Errors  []any  `json:"errors"`
}

func (x *Exchange) errorBody() errorBody {
	var b errorBody
	if json.Unmarshal(x.body, &b) != nil {
		return errorBody{}
	}
	return b
}

// reason is GitHub's refusal as it came, to tell one from another. In a 422 the reason often stands only among the errors.
func (x *Exchange) reason() string { return answer.Raw(x.body) }
