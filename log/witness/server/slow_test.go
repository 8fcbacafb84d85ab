package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/omega/marketops/log/witness/server"
)

const (
	slowCallers = 64 // as many as are judged at one time
	attempts    = 3  // a machine that stands still for seconds proves nothing
)

// serve runs a witness on a real socket.
func serve(t *testing.T) string {
	t.Helper()
	w, err := open(filepath.Join(t.TempDir(), "w"))
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l, w, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() { stop(); <-ended; w.Close() })
	return l.Addr().String()
}

// beginCall opens a connection and announces a body, of which it sends the beginning. It returns when the server has begun
// to read it.
func beginCall(t *testing.T, addr string, announced int, sent string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	must(t, err)
	_, err = fmt.Fprintf(c, "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", announced)
	must(t, err)
	const begun = "HTTP/1.1 100 Continue\r\n\r\n"
	answer := make([]byte, len(begun))
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != begun {
		t.Fatalf("%q, %v", answer, err)
	}
	_, err = io.WriteString(c, sent)
	must(t, err)
	return c
}

// stillWaits reports whether a connection is neither answered nor closed.
func stillWaits(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// TestSlowCallers: an honest call is answered while all callers that send nothing, or a byte now and then, still wait.
func TestSlowCallers(t *testing.T) {
	for name, drip := range map[string]bool{"idle": false, "byte by byte": true} {
		t.Run(name, func(t *testing.T) {
			for n := 1; !overtakes(t, drip); n++ {
				if n == attempts {
					t.Fatal("an honest call waited until the slow ones had ended")
				}
			}
		})
	}
}

// overtakes reports whether no slow caller had been answered when the honest one was.
func overtakes(t *testing.T, drip bool) bool {
	addr := serve(t)
	var slow []net.Conn
	for range slowCallers {
		c := beginCall(t, addr, 500, "old 0\n")
		defer c.Close()
		slow = append(slow, c)
	}
	if drip {
		stop := make(chan struct{})
		defer close(stop)
		go dripInto(slow, stop)
	}
	status, _, _, err := post("http://"+addr, body(grown("entry", 5), 0, 5))
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v", status, err)
	}
	for _, c := range slow {
		if !stillWaits(c) {
			return false
		}
	}
	return true
}

func dripInto(slow []net.Conn, stop chan struct{}) {
	for {
		for _, c := range slow {
			_, _ = c.Write([]byte("A"))
		}
		select {
		case <-stop:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// TestSlowBodiesEnd: who drips for longer than a body may take is refused, and gets no signature.
func TestSlowBodiesEnd(t *testing.T) {
	addr := serve(t)
	c := beginCall(t, addr, 100_000, "old 0\n")
	defer c.Close()
	stop := make(chan struct{})
	defer close(stop)
	go dripInto([]net.Conn{c}, stop)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	answer, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, net.ErrClosed) && len(answer) == 0 {
		t.Fatalf("it was not ended: %v", err)
	}
	if want := "HTTP/1.1 400"; len(answer) < len(want) || string(answer[:len(want)]) != want {
		t.Errorf("%.200q", answer)
	}
}
