package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Timeouts of the server; an append has its own.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 30 * time.Second
	stopTimeout   = 10 * time.Second
	maxHeader     = 64 << 10 // bytes
	maxOpen       = 1024     // connections
)

// Serve answers on the listeners until ctx ends, then finishes the calls under way.
func Serve(ctx context.Context, h http.Handler, log *slog.Logger, listeners ...net.Listener) error {
	limiter := newConnLimiter(maxOpen)
	srv := &http.Server{
		ConnState: limiter.note, Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended, serving := make(chan error, len(listeners)), sync.WaitGroup{}
	for _, l := range listeners {
		serving.Go(func() { ended <- srv.Serve(&limitedListener{l, limiter}) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	err = errors.Join(err, srv.Shutdown(stop))
	serving.Wait() // until each listener is closed, which removes its socket
	return err
}
