package githubtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// object is a JSON object about to be sent.
type object = map[string]any

// call is one request being answered.
type call struct {
	server  *Server
	host    Host
	request *http.Request
	body    []byte  // empty for an upload
	upload  *upload // what arrived at the uploads origin; nil elsewhere
	entry   *Request
	token   *Token // nil: anonymous, an App, or a wrong secret (see entry.Auth)
	app     *App   // who came with a JWT

	route  *route
	params map[string]string
	repo   *Repo  // nil for operations without a repository
	view   *state // what reads see: the repository's state, or an older one under a stale fault
	push   bool
}

// answer is what a request gets. body is sent as JSON; raw, if not nil, as it is.
type answer struct {
	status  int
	header  http.Header
	body    any
	raw     []byte
	file    string // of the store, sent in place of raw
	media   string // of raw or file
	effects []Effect
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// created answers 201 with the Location GitHub gives.
func created(body object, effects ...Effect) answer {
	location, _ := body["url"].(string)
	return answer{status: http.StatusCreated, body: body, header: http.Header{"Location": {location}}, effects: effects}
}

func noContent(effects ...Effect) answer {
	return answer{status: http.StatusNoContent, effects: effects}
}

func (a answer) encode() ([]byte, string) {
	if a.raw != nil {
		return a.raw, a.media
	}
	if a.body == nil {
		return nil, ""
	}
	b, err := json.Marshal(a.body)
	if err != nil {
		panic("githubtest: an answer does not encode: " + err.Error()) // only our own maps come here
	}
	return b, "application/json; charset=utf-8"
}

// decode reads the body, which the schema has already accepted, into v.
func (c *call) decode(v any) { _ = json.Unmarshal(c.body, v) }

func (c *call) query() url.Values { return c.request.URL.Query() }

func (c *call) id(param string) int64 {
	n, _ := strconv.ParseInt(c.params[param], 10, 64)
	return n
}

func (c *call) login() string {
	if c.token == nil {
		return "ghost"
	}
	return c.token.Login
}
