package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/omega/marketops"
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
func (c *Core) Serve(ctx context.Context, listeners ...net.Listener) error {
	return Serve(ctx, c.Handler(), c.log, listeners...)
}

// Serve is [Core.Serve] of any handler, within the same bounds.
func Serve(ctx context.Context, h http.Handler, log *slog.Logger, listeners ...net.Listener) error {
	r := newRoom(maxOpen)
	srv := &http.Server{
		ConnState: r.state, Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- srv.Serve(&bounded{l, r}) }()
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
	return errors.Join(err, srv.Shutdown(stop))
}

// ListenUnix takes a socket path that the caller holds the state folder for: whatever socket
// lies there is a dead Core's. It is open to this user alone from its first moment on.
func ListenUnix(path string) (net.Listener, error) {
	if i, err := os.Lstat(path); err == nil && i.Mode()&fs.ModeSocket == 0 {
		return nil, marketops.Refuse(marketops.ConfigInvalid, path+" is there and is not a socket")
	} else if err == nil {
		if err := os.Remove(path); err != nil {
			return nil, &marketops.Failure{Code: marketops.CoreAlreadyRunning, What: "the old socket cannot be removed", Err: err}
		}
	}
	l, err := listenPrivate(path)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.ConfigInvalid, What: "cannot listen on " + path, Err: err}
	}
	return l, nil
}

// ListenTLS takes an address with a certificate; there is no TCP without TLS.
func ListenTLS(address, certFile, keyFile string) (net.Listener, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil {
		var l net.Listener
		l, err = tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13})
		if err == nil {
			return l, nil
		}
	}
	return nil, &marketops.Failure{Code: marketops.ConfigInvalid, What: "cannot listen on " + address, Err: err}
}
