package githubtest

import (
	"encoding/json"
	"net/http"
	"time"
)

const unicorn = "<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body>This page is taking too long to load.</body></html>\n"

// strike answers a request, honestly if no fault strikes.
func (s *Server) strike(w http.ResponseWriter, c *call, f *Fault) {
	if f == nil {
		s.send(w, c, s.honest(c, false), nil)
		return
	}
	switch f.Action {
	case ResetBefore:
		s.cut(w)
	case StatusBefore, Redirect, PrimaryLimit, SecondaryLimit:
		s.send(w, c, s.instead(c, f), untouched)
	case Forbid:
		s.send(w, c, c.forbid(f.Message), untouched)
	case EchoBefore:
		s.send(w, c, c.echo(c.failed(f.Status, http.StatusForbidden, "you said "+c.credential())), untouched)
	case Delay:
		if !s.pause(f) {
			s.cut(w)
			return
		}
		s.send(w, c, s.honest(c, false), nil)
	case StaleRead:
		s.send(w, c, s.honest(c, true), nil)
	case AssetOpen:
		s.send(w, c, s.breakOff(c), untouched)
	default:
		s.strikeAfter(w, c, f, s.honest(c, false))
	}
}

// strikeAfter spoils the answer to what has already happened.
func (s *Server) strikeAfter(w http.ResponseWriter, c *call, f *Fault, a answer) {
	switch f.Action {
	case ResetAfter:
		s.cut(w)
	case StatusAfter:
		s.send(w, c, c.failed(f.Status, http.StatusBadGateway, f.Message), untouched)
	case DelayAfter:
		if !s.pause(f) {
			s.cut(w)
			return
		}
		s.send(w, c, a, nil)
	case HTML:
		a.raw, a.media = []byte(unicorn), "text/html; charset=utf-8"
		s.send(w, c, a, untouched)
	case EmptyBody:
		a.body, a.raw = nil, nil
		s.send(w, c, a, untouched)
	case EchoAfter:
		s.send(w, c, c.echo(a), c.echoBody)
	case Truncated:
		s.sendHalf(w, c, a)
	default:
		s.send(w, c, a, func(raw []byte) []byte { return distort(raw, f.Action) })
	}
}

// honest answers under the lock, so that requests are atomic.
func (s *Server) honest(c *call, stale bool) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.respond(c, stale)
}

// instead is an answer given in place of the operation.
func (s *Server) instead(c *call, f *Fault) answer {
	switch f.Action {
	case Redirect:
		a := c.failed(f.Status, http.StatusFound, f.Message)
		a.header = http.Header{"Location": {f.Location}}
		return a
	case PrimaryLimit:
		after := f.RetryAfter
		if after == 0 {
			after = time.Hour
		}
		return c.primaryLimit(orElse(f.Status, http.StatusForbidden), s.now().Add(after))
	case SecondaryLimit:
		return c.secondaryLimit(orElse(f.Status, http.StatusForbidden), f.RetryAfter)
	}
	return c.failed(f.Status, http.StatusServiceUnavailable, f.Message)
}

func (c *call) failed(status, otherwise int, words string) answer {
	status = orElse(status, otherwise)
	if words == "" {
		words = http.StatusText(status)
	}
	return c.refuse(status, words)
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// pause waits as long as the fault says, but ends when the fault is released or the server is closed.
// The caller's patience does not matter: GitHub continues to work for a client that has hung up.
func (s *Server) pause(f *Fault) (passed bool) {
	t := time.NewTimer(f.Wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-f.released:
		return true
	case <-s.closing:
		return false
	}
}

// sendHalf promises the whole body and sends half of it; the server then ends the
// connection, because the promise was not kept.
func (s *Server) sendHalf(w http.ResponseWriter, c *call, a answer) {
	raw, _ := a.encode()
	w.Header().Set("Content-Length", itoa(len(raw)))
	s.send(w, c, a, func(raw []byte) []byte { return raw[:len(raw)/2] })
}

func untouched(raw []byte) []byte { return raw }

// distort changes the members an action lies about, wherever they stand.
func distort(raw []byte, action Action) []byte {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return raw
	}
	out, err := json.Marshal(lie(v, action))
	if err != nil {
		return raw
	}
	return out
}

func lie(v any, action Action) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = lie(v[i], action)
		}
	case map[string]any:
		for name, member := range v {
			v[name] = lieAbout(name, member, action)
		}
	}
	return v
}

func lieAbout(name string, member any, action Action) any {
	text, isText := member.(string)
	switch {
	case action == WrongSHA && name == "sha" && isText,
		action == LyingDigest && name == "digest" && isText:
		return turnLast(text)
	case action == NullDigest && name == "digest":
		return nil
	}
	return lie(member, action)
}

// turnLast changes the last hex digit, which keeps the form and the length.
func turnLast(text string) string {
	if text == "" {
		return text
	}
	last := byte('0')
	if text[len(text)-1] == '0' {
		last = '1'
	}
	return text[:len(text)-1] + string(last)
}
