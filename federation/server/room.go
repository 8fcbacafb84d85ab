package server

import (
	"net"
	"net/http"
	"sync"
)

// connLimiter bounds how many connections are open. A newcomer takes the place of one that waits idly
// for another call, so that callers who keep connections open cannot keep others out.
type connLimiter struct {
	places chan struct{}
	mu     sync.Mutex
	idle   map[net.Conn]bool
}

func newRoom(size int) *connLimiter {
	return &connLimiter{places: make(chan struct{}, size), idle: map[net.Conn]bool{}}
}

// state is told by [http.Server] what each connection does.
func (r *connLimiter) state(c net.Conn, s http.ConnState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s == http.StateIdle {
		r.idle[c] = true
	} else {
		delete(r.idle, c)
	}
}

func (r *connLimiter) enter() {
	select {
	case r.places <- struct{}{}:
		return
	default:
	}
	if c := r.pick(); c != nil {
		c.Close()
	}
	r.places <- struct{}{}
}

func (r *connLimiter) pick() net.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.idle {
		delete(r.idle, c)
		return c
	}
	return nil
}

func (r *connLimiter) leave() { <-r.places }

// bounded is a listener whose connections take a place in the room; the others wait in the kernel.
type bounded struct {
	net.Listener
	room *connLimiter
}

// Accept implements [net.Listener].
func (b *bounded) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	b.room.enter()
	return &limitedConn{Conn: c, leave: sync.OnceFunc(b.room.leave)}, nil
}

type limitedConn struct {
	net.Conn
	leave func()
}

// Close implements [net.Conn].
func (g *limitedConn) Close() error {
	defer g.leave()
	return g.Conn.Close()
}
