package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Auth says what credential a request carried. The value itself is never kept.
type Auth string

// The three cases of an Authorization header.
const (
	AuthNone  Auth = "none"
	AuthRight Auth = "right" // a secret this server knows
	AuthWrong Auth = "wrong" // a header, but no secret this server knows
)

// Request is one line of the journal, written when the request has been answered.
type Request struct {
	Seq        int       `json:"seq"` // 1 is the first; the order of arrival over all origins
	Host       Host      `json:"host"`
	Method     string    `json:"method"`
	Path       string    `json:"path"` // as sent, still escaped, without the query
	Query      string    `json:"query"`
	Operation  string    `json:"operation"` // GitHub's operation id, or empty if there is none
	Auth       Auth      `json:"auth"`
	Login      string    `json:"login"`       // whose secret it was
	Scope      string    `json:"scope"`       // what a minted token is narrowed to: "1001 contents=write metadata=read"
	BodySHA256 string    `json:"body_sha256"` // hex; of no bytes if there was no body
	BodySize   int       `json:"body_size"`
	Status     int       `json:"status"`     // 0: no answer was sent
	RequestID  string    `json:"request_id"` // X-GitHub-Request-Id as answered; empty if nothing was
	Effect     bool      `json:"effect"`     // something changed
	Fault      string    `json:"fault"`      // the action of the fault that struck, if one did
	At         time.Time `json:"at"`
}

// String is one line: "POST /repos/o/r/git/refs 201 effect". A request that was not
// answered has the status "reset". A token that an App minted adds what it is narrowed to: "as 1001 contents=write".
func (r Request) String() string {
	status := fmt.Sprint(r.Status)
	if r.Status == 0 {
		status = "reset"
	}
	line := r.Method + " " + r.Path
	if r.Query != "" {
		line += "?" + r.Query
	}
	line += " " + status
	if r.Host != HostAPI {
		line += " " + string(r.Host)
	}
	if r.Scope != "" {
		line += " as " + r.Scope
	}
	if r.Effect {
		line += " effect"
	}
	if r.Fault != "" {
		line += " fault=" + r.Fault
	}
	return line
}

// journal keeps what arrived and what it changed.
type journal struct {
	mu      sync.Mutex
	entries []*Request
	effects []Effect
}

// open reserves the next line at arrival, so that lines stand in the order of arrival.
func (j *journal) open(r Request) *Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Seq = len(j.entries) + 1
	j.entries = append(j.entries, &r)
	return &r
}

// edit changes a line under the lock.
func (j *journal) edit(e *Request, f func(*Request)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(e)
}

func (j *journal) record(e *Request, effects []Effect) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range effects {
		f.Seq = e.Seq
		j.effects = append(j.effects, f)
		e.Effect = true
	}
}

func (j *journal) list(want func(*Request) bool) []Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Request
	for _, e := range j.entries {
		if want(e) {
			out = append(out, *e)
		}
	}
	return out
}

// Requests returns everything that arrived on the three origins, in order of arrival. A
// request still being answered has Status 0.
func (s *Server) Requests() []Request {
	return s.journal.list(func(*Request) bool { return true })
}

// Mutations returns the requests that are neither GET nor HEAD.
func (s *Server) Mutations() []Request {
	return s.journal.list(func(e *Request) bool {
		return e.Method != http.MethodGet && e.Method != http.MethodHead
	})
}

// Effects returns what really changed, in the order it happened.
func (s *Server) Effects() []Effect {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return slices.Clone(s.journal.effects)
}
