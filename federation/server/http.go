package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
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

type handler func(http.ResponseWriter, *http.Request) error

// Handler returns the endpoints of package federation/api.
func (c *Core) Handler() http.Handler {
	s := &httpServer{core: c, mux: http.NewServeMux(), calls: semaphore.NewWeighted(maxCalls), bodies: semaphore.NewWeighted(maxBodiesTotal)}
	s.get("/v1/info", c.getInfo)
	s.get("/v1/runs/{run}", c.getRun)
	s.get("/v1/claims/{receipt}", c.getClaim)
	s.get("/v1/evidence/{digest}", c.getEvidence)
	s.get("/checkpoint", c.getFile)
	s.get("/tile/{path...}", c.getFile)
	s.get("/records/{path...}", c.getRecord)

	post(s, "/v1/submissions", trust.RolePerson, api.MaxBody, c.submit)
	post(s, "/v1/approvals", trust.RolePerson, maxRecordBody, c.approve)
	post(s, "/v1/authorize", trust.RolePerson, maxSmallBody, c.authorize)
	post(s, "/v1/resolve", trust.RolePerson, api.MaxBody, c.resolve)
	post(s, "/v1/revoke", trust.RolePerson, maxSmallBody, c.revoke)
	post(s, "/v1/check", trust.RolePublisher, maxSmallBody, c.check)
	post(s, "/v1/claim", trust.RolePublisher, maxSmallBody, c.claim)
	post(s, "/v1/intent", trust.RolePublisher, maxRecordBody, c.intent)
	post(s, "/v1/execute", trust.RolePublisher, maxSmallBody, c.execute)
	post(s, "/v1/renew", trust.RolePublisher, maxSmallBody, c.renew)
	post(s, "/v1/attempt", trust.RolePublisher, maxSmallBody, c.attempt)
	post(s, "/v1/outcome", trust.RolePublisher, api.MaxBody, c.outcome)
	post(s, "/v1/refusals", trust.RolePublisher, api.MaxBody, c.refusal)
	post(s, backupPath, trust.RoleLedger, maxSmallBody, c.backup)
	return s
}

// httpServer bounds what is handled at one time, and turns errors into problems.
type httpServer struct {
	core   *Core
	mux    *http.ServeMux
	calls  *semaphore.Weighted
	bodies *semaphore.Weighted
}

func (s *httpServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.calls.Acquire(r.Context(), 1); err != nil {
		return
	}
	defer s.calls.Release(1)
	s.mux.ServeHTTP(w, r)
}

func (s *httpServer) get(path string, h handler) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, nil, err)
		}
	})
}

// post serves one signed call. In is the type of its body.
func post[In, Out any](s *httpServer, path string, role trust.Role, limit int64, do func(context.Context, *caller, In) (Out, error)) {
	s.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		who, err := s.core.authenticate(r, role)
		if err != nil {
			s.fail(w, r, nil, unknownApprover(path, err))
			return
		}
		var in In
		if err = s.body(w, r, who, limit, &in); err != nil {
			s.fail(w, r, nil, err)
			return
		}
		if path != backupPath {
			s.core.backupMu.RLock()
			defer s.core.backupMu.RUnlock()
		}
		out, err := do(r.Context(), who, in)
		if err != nil {
			s.fail(w, r, who, err)
			return
		}
		answer(w, http.StatusOK, out)
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
	if err := s.core.spend(who, b); err != nil {
		return err
	}
	if err := canon.DecodeLoose(b, int(limit), in); err != nil {
		return marketops.RefuseErr(marketops.ReceiptMalformed, "body of the call", err)
	}
	return nil
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	w.WriteHeader(status)
	w.Write(b)
}

// fail answers with the problem; causes that tell about this machine stay in its own log.
func (s *httpServer) fail(w http.ResponseWriter, r *http.Request, who *caller, err error) {
	name := ""
	if who != nil {
		name = who.Name
	}
	if !errors.Is(err, fs.ErrNotExist) || r.Method != http.MethodGet {
		s.core.log.Info("no", "call", r.Method+" "+r.URL.Path, "by", name, "code", string(marketops.CodeOf(err)), "error", err)
	}
	if r.Method == http.MethodGet && errors.Is(err, fs.ErrNotExist) {
		err = fs.ErrNotExist
	}
	p, status := api.ProblemOf(outward(err))
	answer(w, status, p)
}

// outward drops what only the operator should see: the causes of failures, and paths.
func outward(err error) error {
	var ref *marketops.Refusal
	var path *fs.PathError
	if errors.As(err, &ref) {
		if errors.As(err, &path) {
			ref = &marketops.Refusal{Code: ref.Code, What: ref.What, Checks: ref.Checks, State: ref.State, Next: ref.Next}
		}
		return ref
	}
	var f *marketops.Failure
	if errors.As(err, &f) {
		return &marketops.Failure{Code: f.Code, What: f.What, State: f.State, Next: f.Next}
	}
	return err
}
