package server

import (
	"net"
	"net/http"
	"sync"
)

// connLimiter bounds how many connections are open. A new one takes the place of one that waits idly
// for another call, so that callers who keep connections open cannot keep others out.
type connLimiter struct {
	places chan struct{}
	mu     sync.Mutex
	idle   map[net.Conn]bool
}

func newConnLimiter(size int) *connLimiter {
	return &connLimiter{places: make(chan struct{}, size), idle: map[net.Conn]bool{}}
}

// note is told by [http.Server] what each connection does.
func (l *connLimiter) note(c net.Conn, s http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s == http.StateIdle {
		l.idle[c] = true
	} else {
		delete(l.idle, c)
	}
}

func (l *connLimiter) acquire() {
	select {
	case l.places <- struct{}{}:
		return
	default:
	}
	if c := l.takeIdle(); c != nil {
		c.Close()
	}
	l.places <- struct{}{}
}

func (l *connLimiter) takeIdle() net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.idle {
		delete(l.idle, c)
		return c
	}
	return nil
}

func (l *connLimiter) release() { <-l.places }

// limitedListener is a listener whose connections are counted; those above the limit wait in the kernel.
type limitedListener struct {
	net.Listener
	limiter *connLimiter
}

// Accept implements [net.Listener].
func (l *limitedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.limiter.acquire()
	return &limitedConn{Conn: c, release: sync.OnceFunc(l.limiter.release)}, nil
}

type limitedConn struct {
	net.Conn
	release func()
}

// Close implements [net.Conn].
func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
