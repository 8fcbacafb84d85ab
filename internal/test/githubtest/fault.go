package githubtest

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Action is what a fault does to a request.
type Action string

// Before the effect: the request changes nothing.
const (
	ResetBefore    Action = "reset-before"    // the connection is reset
	StatusBefore   Action = "status-before"   // Status (503 if 0)
	Redirect       Action = "redirect"        // Status (302 if 0) to Location
	PrimaryLimit   Action = "primary-limit"   // Status (403 if 0), remaining 0, reset after RetryAfter (an hour if 0)
	SecondaryLimit Action = "secondary-limit" // Status (403 if 0), Retry-After unless RetryAfter is 0
	Forbid         Action = "forbid"          // as an organisation, an account or the law has it: Message names the answer, see forbid.go
	EchoBefore     Action = "echo-before"     // Status (403 if 0), with the credential of the request in headers, body and Location
	Delay          Action = "delay"           // waits Wait or for a release, then answers honestly
	StaleRead      Action = "stale"           // a read answers the state before the last change
)

// After the effect: what was asked has happened, and the answer says otherwise.
const (
	ResetAfter  Action = "reset-after"  // the connection is reset
	StatusAfter Action = "status-after" // Status (502 if 0)
	DelayAfter  Action = "delay-after"  // waits Wait or for a release before the answer
	HTML        Action = "html"         // the honest status with a web page as body
	EmptyBody   Action = "empty"        // the honest status with no body
	Truncated   Action = "truncated"    // half of the body, then the end of the connection
	WrongSHA    Action = "wrong-sha"    // every "sha" is another one
	LyingDigest Action = "lying-digest" // every "digest" is another one
	NullDigest  Action = "null-digest"  // every "digest" is null
	EchoAfter   Action = "echo-after"   // the credential of the request stands in headers, a new member and every html_url
	AssetOpen   Action = "asset-open"   // an upload breaks off: 502, and an asset in state "open" is left behind
)

// Fault is one scripted mishap.
type Fault struct {
	Method string // empty or "*": any
	Path   string // segments; "*" is one of them, a final "**" is the rest
	Host   Host   // empty: the API and the uploads origin
	Skip   int    // matching requests to let pass first
	Times  int    // requests to strike; 0 is one
	Action Action

	Status     int
	Message    string        // of the statuses, in place of the status's name
	Location   string        // of a Redirect
	RetryAfter time.Duration // of the limits
	Wait       time.Duration // of the delays

	released <-chan struct{} // closed when a delay is to end before its time
}

// faults are consumed in the order they were injected: the first one that matches strikes.
type faults struct {
	mu       sync.Mutex
	pending  []Fault
	released chan struct{} // closed by the next Release
}

// Inject adds a fault behind those still pending. It panics on an action that does not
// exist: a fault that never strikes would make a test pass for nothing.
func (s *Server) Inject(f Fault) {
	if !known(f.Action) {
		panic("githubtest: no such fault action: " + string(f.Action))
	}
	if f.Action == Forbid && !isForbidden(f.Message) {
		panic("githubtest: no such answer: " + f.Message)
	}
	f.Times = max(f.Times, 1)
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	f.released = s.faults.released
	s.faults.pending = append(s.faults.pending, f)
}

// PendingFaults returns what has not struck yet, with the counts still to go.
func (s *Server) PendingFaults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return slices.Clone(s.faults.pending)
}

// ClearFaults forgets what has not struck yet.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.pending = nil
}

// Release ends the delays of all faults that were injected so far.
func (s *Server) Release() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	close(s.faults.released)
	s.faults.released = make(chan struct{})
}

// take returns the fault that strikes this request, or nil. A request passes the skip
// count of every matching fault before the one that strikes.
func (f *faults) take(host Host, method, path string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.pending {
		p := &f.pending[i]
		if !p.matches(host, method, path) {
			continue
		}
		if p.Skip > 0 {
			p.Skip--
			continue
		}
		struck := *p
		if p.Times--; p.Times == 0 {
			f.pending = slices.Delete(f.pending, i, i+1)
		}
		return &struck
	}
	return nil
}

func (f *Fault) matches(host Host, method, path string) bool {
	if f.Host != "" && f.Host != host || f.Method != "" && f.Method != "*" && f.Method != method {
		return false
	}
	return matchPath(split(f.Path), split(path))
}

func matchPath(pattern, path []string) bool {
	for i, want := range pattern {
		if want == "**" && i == len(pattern)-1 {
			return true
		}
		if i >= len(path) || want != "*" && want != path[i] {
			return false
		}
	}
	return len(pattern) == len(path)
}

// actions lists every action in the order of the documentation.
var actions = []Action{
	ResetBefore, StatusBefore, Redirect, PrimaryLimit, SecondaryLimit, Forbid, EchoBefore, Delay, StaleRead,
	ResetAfter, StatusAfter, DelayAfter, HTML, EmptyBody, Truncated, WrongSHA, LyingDigest, NullDigest, EchoAfter, AssetOpen,
}

func known(a Action) bool { return slices.Contains(actions, a) }

// Actions names every action, for help texts.
func Actions() string {
	var names []string
	for _, a := range actions {
		names = append(names, string(a))
	}
	return strings.Join(names, " ")
}
