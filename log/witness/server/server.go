// Package server speaks HTTP for package witness (C2SP tlog-witness):
//
//	POST <prefix>/add-checkpoint                        a cosignature, or why there is none
//	GET  <prefix>/<sha256 of origin in hex>/checkpoint  what was cosigned last, for monitors
//
// Any prefix is served. There is no authentication but the log's signature and no secret in any
// answer, so plain HTTP will do on a private network; in public put a TLS proxy in front.
package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path"
	"time"

	"github.com/omega/marketops/log/witness"
	"golang.org/x/sync/semaphore"
)

// Limits of the server. A request is small, and what is slow is not a log.
const (
	maxCalls      = 64   // judged at one time; others wait. a caller that still sends or reads holds no place
	maxReading    = 1024 // requests read at one time, each of at most [witness.MaxRequest] bytes; others wait
	headerTimeout = 5 * time.Second
	bodyTimeout   = 5 * time.Second  // for the body of one request
	callTimeout   = 15 * time.Second // for reading one request, and for writing its answer
	idleTimeout   = time.Minute      // logs keep their connections
	stopTimeout   = 5 * time.Second
	maxHeader     = 16 << 10 // bytes
)

// Serve answers on the listener until ctx ends, then finishes the calls under way.
func Serve(ctx context.Context, l net.Listener, w *witness.Witness, log *slog.Logger) error {
	srv := &http.Server{
		Handler: Handler(w, log), ReadHeaderTimeout: headerTimeout, ReadTimeout: callTimeout, WriteTimeout: 2 * callTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return srv.Shutdown(stop)
}

// Handler returns the two endpoints. What it refuses it tells log at debug level, a fork and
// its own trouble as errors.
func Handler(w *witness.Witness, log *slog.Logger) http.Handler {
	h := &handler{w, log, semaphore.NewWeighted(maxCalls), semaphore.NewWeighted(maxReading), map[string]string{}}
	for _, origin := range w.Origins() {
		sum := sha256.Sum256([]byte(origin))
		h.origins[hex.EncodeToString(sum[:])] = origin
	}
	return h
}

type handler struct {
	witness *witness.Witness
	log     *slog.Logger
	calls   *semaphore.Weighted
	reading *semaphore.Weighted
	origins map[string]string // by the hex of their SHA-256
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	dir, name := path.Split(r.URL.Path)
	method, serve := http.MethodPost, h.add
	switch name {
	case "add-checkpoint":
	case "checkpoint":
		method, serve = http.MethodGet, func(rw http.ResponseWriter, r *http.Request) { h.latest(rw, r, path.Base(dir)) }
	default:
		http.NotFound(rw, r)
		return
	}
	if r.Method != method {
		rw.Header().Set("Allow", method)
		http.Error(rw, method+" only", http.StatusMethodNotAllowed)
		return
	}
	serve(rw, r)
}

func (h *handler) add(rw http.ResponseWriter, r *http.Request) {
	body, err := h.read(rw, r)
	if err != nil {
		http.Error(rw, fmt.Sprintf("the request could not be read in %s, or has more than %d bytes", bodyTimeout, witness.MaxRequest), http.StatusBadRequest)
		return
	}
	h.answer(rw, r, func() ([]byte, error) { return h.witness.AddCheckpoint(body) })
}

// read returns the body. Who sends slowly takes no place among those that are judged, and has a time of their own.
func (h *handler) read(rw http.ResponseWriter, r *http.Request) ([]byte, error) {
	if err := h.reading.Acquire(r.Context(), 1); err != nil {
		return nil, err
	}
	defer h.reading.Release(1)
	if err := http.NewResponseController(rw).SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	return io.ReadAll(http.MaxBytesReader(rw, r.Body, witness.MaxRequest))
}

func (h *handler) latest(rw http.ResponseWriter, r *http.Request, id string) {
	h.answer(rw, r, func() ([]byte, error) { return h.witness.Latest(h.origins[id]) })
}

// answer writes what the witness says. The place is free again before the first byte is written.
func (h *handler) answer(rw http.ResponseWriter, r *http.Request, ask func() ([]byte, error)) {
	if h.calls.Acquire(r.Context(), 1) != nil {
		return // the caller went away
	}
	b, err := ask()
	h.calls.Release(1)
	if err != nil {
		h.refuse(rw, err)
		return
	}
	text(rw, b)
}

func text(rw http.ResponseWriter, b []byte) {
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Write(b)
}

// statuses are those of C2SP tlog-witness.
var statuses = []struct {
	err    error
	status int
}{
	{witness.ErrMalformed, http.StatusBadRequest},
	{witness.ErrOldSize, http.StatusBadRequest},
	{witness.ErrUnknownLog, http.StatusNotFound},
	{witness.ErrUnsigned, http.StatusForbidden},
	{witness.ErrFork, http.StatusUnprocessableEntity},
	{witness.ErrProof, http.StatusUnprocessableEntity},
}

func (h *handler) refuse(rw http.ResponseWriter, err error) {
	var stale *witness.Stale
	if errors.As(err, &stale) {
		rw.Header().Set("Content-Type", "text/x.tlog.size")
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", stale.Size)
		return
	}
	for _, s := range statuses {
		if !errors.Is(err, s.err) {
			continue
		}
		level := slog.LevelDebug
		if errors.Is(err, witness.ErrFork) {
			level = slog.LevelError
		}
		h.log.Log(context.Background(), level, "refused", "status", s.status, "err", err)
		http.Error(rw, err.Error(), s.status)
		return
	}
	h.log.Error("no cosignature", "err", err)
	http.Error(rw, "the witness is in trouble", http.StatusInternalServerError)
}
