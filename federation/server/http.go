package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/receipt/trust"
	"golang.org/x/sync/semaphore"
)

// Limits of the server.
const (
	maxCalls       = 256       // handled at one time
	maxSmallBody   = 64 << 10  // bytes of a call without envelope
	maxRecordBody  = 8 << 20   // bytes of a call with one envelope
	maxBodiesTotal = 128 << 20 // bytes of all bodies that are read at one time
)

// Handler returns the endpoints of package federation/api. origin is the id that signed requests
// must name, now the Core's one clock.
func Handler(c Core, origin string, now func() marketops.Time, log *slog.Logger) http.Handler {
	s := &httpServer{core: c, callers: authenticator{core: c, origin: origin, now: now}, log: log, mux: http.NewServeMux(),
		calls: semaphore.NewWeighted(maxCalls), bodies: semaphore.NewWeighted(maxBodiesTotal)}
	s.reads()
	post(s, "/v1/submissions", trust.RolePerson, api.MaxBody, c.Submit)
	post(s, "/v1/approvals", trust.RolePerson, maxRecordBody, c.Approve)
	post(s, "/v1/authorize", trust.RolePerson, maxSmallBody, c.Authorize)
	post(s, "/v1/resolve", trust.RolePerson, api.MaxBody, c.Resolve)
	post(s, "/v1/revoke", trust.RolePerson, maxSmallBody, c.Revoke)
	post(s, "/v1/check", trust.RolePublisher, maxSmallBody, c.Check)
	post(s, "/v1/claim", trust.RolePublisher, maxSmallBody, c.Claim)
	post(s, "/v1/intent", trust.RolePublisher, maxRecordBody, c.Intent)
	post(s, "/v1/execute", trust.RolePublisher, maxSmallBody, c.Execute)
	post(s, "/v1/renew", trust.RolePublisher, maxSmallBody, c.Renew)
	post(s, "/v1/attempt", trust.RolePublisher, maxSmallBody, c.Attempt)
	post(s, "/v1/outcome", trust.RolePublisher, api.MaxBody, c.Outcome)
	post(s, "/v1/refusals", trust.RolePublisher, api.MaxBody, c.Refuse)
	post(s, "/v1/backup", trust.RoleLedger, maxSmallBody, c.Backup)
	return s
}

// httpServer bounds what is handled at one time, and turns errors into problems.
type httpServer struct {
	core    Core
	callers authenticator
	log     *slog.Logger
	mux     *http.ServeMux
	routes  []string // all that are registered
	calls   *semaphore.Weighted
	bodies  *semaphore.Weighted
	shares  shares
	refused refused
}

func (s *httpServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.calls.Acquire(r.Context(), 1); err != nil {
		return
	}
	defer s.calls.Release(1)
	s.mux.ServeHTTP(w, r)
}

// handle registers one route. There is no other way to register one.
func (s *httpServer) handle(route string, h http.HandlerFunc) {
	s.routes = append(s.routes, route)
	s.mux.HandleFunc(route, h)
}

// post serves one signed call. In is the type of its body.
func post[In, Out any](s *httpServer, path string, role trust.Role, limit int64, do func(context.Context, *federation.Caller, In) (Out, error)) {
	s.handle("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		who, err := s.callers.authenticate(r)
		if err != nil {
			s.fail(w, r, nil, unknownApprover(path, err))
			return
		}
		done, err := s.shares.enter(federation.ShareOf(who.Holder), r.ContentLength)
		if err != nil {
			s.fail(w, r, nil, err)
			return
		}
		defer done()
		var in In
		if err = s.body(w, r, who, limit, &in); err != nil {
			if wrong := who.requireRole(role); who.made && wrong != nil {
				err = unknownApprover(path, wrong)
			}
			s.refuse(w, r, who, nil, err)
			return
		}
		if err = who.requireRole(role); err != nil {
			s.refuse(w, r, who, in, unknownApprover(path, err))
			return
		}
		out, err := do(r.Context(), &who.Caller, in)
		if err != nil {
			s.refuse(w, r, who, in, err)
			return
		}
		s.answer(w, r, http.StatusOK, out)
	})
}

// unknownApprover says to an approver what a bare key-unknown would not.
func unknownApprover(path string, err error) error {
	if path == "/v1/approvals" && marketops.CodeOf(err) == marketops.KeyUnknown {
		return marketops.RefuseErr(marketops.ApproverUnknown, "the key that signs the call", err)
	}
	return err
}

func (s *httpServer) body(w http.ResponseWriter, r *http.Request, who *caller, limit int64, in any) error {
	if r.ContentLength < 0 || r.ContentLength > limit {
		return marketops.Refuse(marketops.LimitReached, fmt.Sprintf("a body of %d bytes, at most %d", r.ContentLength, limit))
	}
	if err := s.bodies.Acquire(r.Context(), r.ContentLength); err != nil {
		return err
	}
	defer s.bodies.Release(r.ContentLength)
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return marketops.RefuseErr(marketops.LimitReached, "the body did not arrive", err)
	}
	if err := s.callers.useRequest(who, b); err != nil {
		return err
	}
	if err := canon.DecodeLoose(b, int(limit), in); err != nil {
		return marketops.RefuseErr(marketops.ReceiptMalformed, "body of the call", err)
	}
	return nil
}

func (s *httpServer) answer(w http.ResponseWriter, r *http.Request, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{}`)
	}
	s.sign(w, r, status, b)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	w.WriteHeader(status)
	w.Write(b)
}

// sign lets the ledger sign the answer to a call that carries a signed request, whether or not that was accepted. An
// answer that it cannot sign goes out without: the caller takes it for none.
func (s *httpServer) sign(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	env, err := api.SignedHeader(r.Header, api.RequestHeader)
	if err != nil {
		return
	}
	signed, err := s.core.SignAnswer(marketops.DigestOf(env), status, marketops.DigestOf(body))
	if err != nil {
		s.log.Warn("answer not signed", "call", r.Method+" "+r.URL.Path, "error", err)
		return
	}
	w.Header().Set(api.AnswerHeader, base64.StdEncoding.EncodeToString(signed))
}

// refuse has the Core record the refusal of a call that the caller verifiably made, and answers.
func (s *httpServer) refuse(w http.ResponseWriter, r *http.Request, who *caller, in any, err error) {
	if !who.made {
		who = nil
	} else {
		s.core.Refused(r.Context(), &who.Caller, in, err)
	}
	s.fail(w, r, who, err)
}

// fail answers with the problem; causes that tell about this machine stay in its own log.
func (s *httpServer) fail(w http.ResponseWriter, r *http.Request, who *caller, err error) {
	name := ""
	if who != nil {
		name = who.Name
	}
	if (!errors.Is(err, fs.ErrNotExist) || r.Method != http.MethodGet) && s.refused.note(s.log, name, marketops.CodeOf(err), s.callers.now()) {
		s.log.Info("request refused", "call", r.Method+" "+r.URL.Path, "by", name, "code", string(marketops.CodeOf(err)), "error", err)
	}
	if r.Method == http.MethodGet && errors.Is(err, fs.ErrNotExist) {
		err = fs.ErrNotExist
	}
	p, status := api.ProblemOf(err)
	s.answer(w, r, status, p)
}
