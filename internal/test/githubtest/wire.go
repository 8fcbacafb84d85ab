package githubtest

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Limits on what one request may carry, in bytes: GitHub's own.
const (
	maxBody   = 40 << 20
	maxUpload = 2<<30 - 1
)

// front answers one of the two API origins.
func (s *Server) front(host Host) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, whole := s.arrive(host, r)
		defer c.upload.discard()
		c.route, c.params = s.find(r.Method, s.currentPath(r.URL.EscapedPath()))
		if c.route != nil && (c.route.ID == uploadOperation) != (host == HostUploads) {
			c.route = nil // each origin answers its own operations only
		}
		if c.route != nil {
			s.journal.edit(c.entry, func(e *Request) { e.Operation = c.route.ID })
		}
		if !whole {
			s.send(w, c, c.refuse(http.StatusRequestEntityTooLarge, "Payload too big"), nil)
			return
		}
		fault := s.faults.take(host, r.Method, r.URL.EscapedPath())
		if fault != nil {
			s.journal.edit(c.entry, func(e *Request) { e.Fault = string(fault.Action) })
		}
		s.strike(w, c, fault)
	})
}

// arrive reads a request whole and opens its line in the journal. It reports false if the
// body was too big to be read.
func (s *Server) arrive(host Host, r *http.Request) (*call, bool) {
	body, up, whole := s.receive(host, r.Body)
	token, app, auth := s.authenticate(r.Header.Get("Authorization"))
	sum, size := sha256.Sum256(body), len(body)
	if up != nil {
		sum, size = up.sum, int(up.size)
	}
	line := Request{
		Host: host, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
		Auth: auth, BodySHA256: hex.EncodeToString(sum[:]), BodySize: size, At: s.now(),
	}
	switch {
	case token != nil:
		line.Login, line.Scope = token.Login, token.minted.String()
	case app != nil:
		line.Login = app.Slug
	}
	c := &call{server: s, host: host, request: r, body: body, upload: up, token: token, app: app, entry: s.journal.open(line)}
	return c, whole
}

// receive reads a body into memory, or one of the uploads origin into a file.
func (s *Server) receive(host Host, from io.Reader) (body []byte, up *upload, whole bool) {
	if host == HostUploads {
		up, err := s.takeUpload(from)
		return nil, up, err == nil && up.size <= maxUpload
	}
	body, err := io.ReadAll(io.LimitReader(from, maxBody+1))
	return body, nil, err == nil && len(body) <= maxBody
}

// authenticate recognises a token or an App without keeping what was sent.
func (s *Server) authenticate(header string) (*Token, *App, Auth) {
	if header == "" {
		return nil, nil, AuthNone
	}
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "token") {
		return nil, nil, AuthWrong
	}
	if t := s.mint.find(secret, s.now()); t != nil {
		return t, nil, AuthRight
	}
	if a := s.signedBy(secret); a != nil {
		return nil, a, AuthRight
	}
	for i := range s.options.Tokens {
		t := &s.options.Tokens[i]
		if subtle.ConstantTimeCompare([]byte(t.Secret), []byte(secret)) == 1 {
			return t, nil, AuthRight
		}
	}
	return nil, nil, AuthWrong
}

// send completes the journal before the client can see the answer, so that a test which
// has its answer also finds the line.
func (s *Server) send(w http.ResponseWriter, c *call, a answer, distort func([]byte) []byte) {
	raw, media := a.encode()
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	s.standardHeaders(header, c)
	if media != "" {
		header.Set("Content-Type", media)
	}
	if c.request.Method == http.MethodGet && a.status == http.StatusOK {
		header.Set("ETag", fmt.Sprintf(`W/"%x"`, sha256.Sum256(raw)))
	}
	if distort == nil && a.status != http.StatusBadGateway { // which the description does not have
		s.schema.answer(c, a.status, header, raw)
	}
	if distort != nil {
		raw = distort(raw)
	}
	s.journal.edit(c.entry, func(e *Request) {
		e.Status, e.RequestID = a.status, header.Get("X-GitHub-Request-Id")
	})
	w.WriteHeader(a.status)
	_, _ = w.Write(raw)
}

// standardHeaders are on every answer of GitHub.
func (s *Server) standardHeaders(h http.Header, c *call) {
	h.Set("Date", s.now().Format(http.TimeFormat))
	h.Set("Server", "github.com")
	h.Set("X-GitHub-Request-Id", fmt.Sprintf("%04X:%06X:%08X", 0xC0DE, c.entry.Seq, 0x5EED+c.entry.Seq))
	h.Set("X-Github-Api-Version-Selected", "2022-11-28")
	h.Set("X-Github-Media-Type", "github.v3; format=json")
	h.Set("X-Content-Type-Options", "nosniff")
	if c.token != nil && c.route != nil && h.Get("X-Accepted-Github-Permissions") == "" {
		subject, access := permissionOf(c.route)
		h.Set("X-Accepted-Github-Permissions", subject+"="+access)
	}
	if c.token != nil && c.token.Scopes != nil {
		h.Set("X-Oauth-Scopes", strings.Join(c.token.Scopes, ", "))
	}
	s.limits.describe(h, s.now())
}

// cut ends the connection with a reset and no answer.
func (s *Server) cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}
