package server

import (
	"io/fs"
	"net/http"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log/tiles"
)

func (s *httpServer) info(w http.ResponseWriter, r *http.Request) error {
	s.answer(w, r, http.StatusOK, s.core.Info())
	return nil
}

func (s *httpServer) run(w http.ResponseWriter, r *http.Request) error {
	id := marketops.RunID(r.PathValue("run"))
	if !id.Valid() {
		return fs.ErrNotExist
	}
	out, err := s.core.Records(r.Context(), id)
	if err == nil {
		s.answer(w, r, http.StatusOK, out)
	}
	return err
}

func (s *httpServer) claim(w http.ResponseWriter, r *http.Request) error {
	id := marketops.ReceiptID(r.PathValue("receipt"))
	if !id.Valid() {
		return fs.ErrNotExist
	}
	out, err := s.core.ClaimState(r.Context(), id)
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

func (s *httpServer) record(w http.ResponseWriter, r *http.Request) error {
	b, err := s.core.ReadRecord(r.PathValue("path"))
	if err != nil {
		return err
	}
	return raw(w, "application/json", b)
}

func (s *httpServer) evidence(w http.ResponseWriter, r *http.Request) error {
	d, err := marketops.ParseDigest("sha256:" + r.PathValue("digest"))
	if err != nil {
		return fs.ErrNotExist
	}
	b, err := s.core.Evidence(d)
	if err != nil {
		return err
	}
	return raw(w, "application/octet-stream", b)
}

func raw(w http.ResponseWriter, kind string, b []byte) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err := w.Write(b)
	return err
}
