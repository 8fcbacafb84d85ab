package server

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log/tiles"
	"github.com/omega/marketops/receipt/trust"
)

// reads registers what may be read. Only what is registered with public needs no key.
func (s *httpServer) reads() {
	s.public("/checkpoint", s.file)
	s.public("/tile/{path...}", s.file)
	s.public("/v1/info", s.info)
	s.public("/records/{path...}", s.record)
	s.get("/v1/runs/{run}", s.run)
	s.get("/v1/claims/{receipt}", s.claim)
	s.get("/v1/evidence/{digest}", s.evidence)
}

// public serves one read that needs no key. The handler may show more to a reader that it asks for itself.
func (s *httpServer) public(path string, h func(http.ResponseWriter, *http.Request) error) {
	s.handle("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // a proxy's cache would not ask who reads; the log says otherwise
		if err := h(w, r); err != nil {
			s.fail(w, r, nil, err)
		}
	})
}

// get serves one read to those who may make it: who reads is known before anything is looked up.
func (s *httpServer) get(path string, h func(http.ResponseWriter, *http.Request, federation.Caller) error) {
	s.public(path, func(w http.ResponseWriter, r *http.Request) error {
		who, err := s.reader(r)
		if err != nil {
			return err
		}
		return h(w, r, who)
	})
}

// reader returns who reads: the operator on the socket, whom its file mode admits, and elsewhere the holder of the key
// that signed the request. A read uses no nonce up. Made again while it is valid, it shows the same to the same holder.
func (s *httpServer) reader(r *http.Request) (federation.Caller, error) {
	if onSocket(r) {
		return federation.Operator(), nil
	}
	who, err := s.callers.authenticate(r)
	if err != nil {
		return federation.Caller{}, unsignedRead(r, err)
	}
	if err := who.requireRole(trust.RoleReader, trust.RolePerson, trust.RolePublisher, trust.RoleLedger); err != nil {
		return federation.Caller{}, err
	}
	if err := requireBody(who, nil); err != nil {
		return federation.Caller{}, err
	}
	return who.Caller, nil
}

// onSocket reports whether a call came over the unix socket. One whose listener is not known did not.
func onSocket(r *http.Request) bool {
	at, known := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return known && at.Network() == "unix"
}

// unsignedRead says to a reader without a key what to do about it.
func unsignedRead(r *http.Request, err error) error {
	if len(r.Header.Values(api.RequestHeader)) > 0 {
		return err
	}
	return &marketops.Refusal{Code: marketops.SignatureInvalid, What: "the read carries no signed request", State: "nothing was shown",
		Next: "put a reader key that trust.json lists into .marketops/keys/reader.pem"}
}

// info shows all of it to those who may read, and to a caller without a key the public members.
func (s *httpServer) info(w http.ResponseWriter, r *http.Request) error {
	i := s.core.Info()
	if !onSocket(r) && len(r.Header.Values(api.RequestHeader)) == 0 {
		i = i.Public()
	} else if _, err := s.reader(r); err != nil {
		return err
	}
	s.answer(w, r, http.StatusOK, i)
	return nil
}

func (s *httpServer) run(w http.ResponseWriter, r *http.Request, who federation.Caller) error {
	id := marketops.RunID(r.PathValue("run"))
	if !id.Valid() {
		return fs.ErrNotExist
	}
	page, err := pageOf(r.URL.RawQuery)
	if err != nil {
		return err
	}
	out, err := s.core.Records(r.Context(), who, id, page)
	if err == nil {
		s.answer(w, r, http.StatusOK, out)
	}
	return err
}

// pageOf reads after and limit. Another member of the query, or one given twice, is refused.
func pageOf(query string) (api.Page, error) {
	p := api.Page{Limit: api.MaxPage}
	values, err := url.ParseQuery(query)
	ok := err == nil
	for name, given := range values {
		n, err := strconv.ParseUint(given[0], 10, 62)
		ok = ok && err == nil && len(given) == 1
		switch name {
		case "after":
			p.From = n + 1
		case "limit":
			p.Limit = int(n)
		default:
			ok = false
		}
	}
	if !ok || p.Limit < 1 || p.Limit > api.MaxPage {
		return api.Page{}, marketops.Refuse(marketops.ReceiptMalformed, fmt.Sprintf("the query of the call is %.80q: after is an index, limit from 1 to %d", query, api.MaxPage))
	}
	return p, nil
}

func (s *httpServer) claim(w http.ResponseWriter, r *http.Request, who federation.Caller) error {
	id := marketops.ReceiptID(r.PathValue("receipt"))
	if !id.Valid() {
		return fs.ErrNotExist
	}
	out, err := s.core.ClaimState(r.Context(), who, id)
	if err == nil {
		s.answer(w, r, http.StatusOK, out)
	}
	return err
}

// file serves the log itself, which is public.
func (s *httpServer) file(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(r.URL.Path, "/")
	b, err := s.core.ReadFile(name)
	if err != nil {
		return err
	}
	tiles.Headers(w.Header(), name)
	_, err = w.Write(b)
	return err
}

// record serves the record store: without a key where the operator has opened it.
func (s *httpServer) record(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("path")
	b, err := s.core.ReadPublicRecord(name)
	if err != nil {
		var who federation.Caller
		if who, err = s.reader(r); err != nil {
			return err
		}
		if b, err = s.core.ReadRecord(r.Context(), who, name); err != nil {
			return err
		}
	}
	return s.raw(w, r, "application/json", b)
}

func (s *httpServer) evidence(w http.ResponseWriter, r *http.Request, who federation.Caller) error {
	d, err := marketops.ParseDigest("sha256:" + r.PathValue("digest"))
	if err != nil {
		return fs.ErrNotExist
	}
	b, err := s.core.Evidence(r.Context(), who, d)
	if err != nil {
		return err
	}
	return s.raw(w, r, "application/octet-stream", b)
}

func (s *httpServer) raw(w http.ResponseWriter, r *http.Request, kind string, b []byte) error {
	s.sign(w, r, http.StatusOK, b)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err := w.Write(b)
	return err
}
