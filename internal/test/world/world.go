// Package world is a Federation Core in one process, for tests: everybody's keys, a trust file, the
// starter policy, a real ledger and a real log in a folder of their own, a clock that stands still
// until it is moved, and a server on a real socket.
//
//	w := world.New(t)
//	r := w.NewRun().Submit().Approve("alice").Authorize()
//	claimed, err := r.Claim(0, "pub")
//
// Persons: bob asks, operates and revokes; alice, carol and dora approve; mallory is a person in no
// group. Publishers: pub and pub2. The key reader reads everything, monitor
// about repository 7. The trust file does not know the key of stranger.
//
// What a run's people do one by one is in run.go and publish.go; what a ledger says before a crash
// keeps it from the log is in ledger.go.
package world

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/federation/core"
	"github.com/omega/marketops/federation/issue"
	"github.com/omega/marketops/federation/policy"
	"github.com/omega/marketops/federation/server"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/receipt/trust"
)

// Origin is the name of the log, and the id of the Core.
const Origin = "log.test"

var names = []string{"bob", "alice", "carol", "dora", "mallory", "stranger", "pub", "pub2", "reader", "monitor", "authority", "advisory", "ledger", "checkpoint"}

// World is a Core and all who know it. Its fields may be changed while the Core is stopped.
type World struct {
	testing.TB
	Dir     string // state folder
	Socket  string
	Options core.Options // of the next Start
	Core    *core.Core
	Ledger  *Ledger
	Issuer  *issue.Issuer // signs with the Core's keys
	Keys    map[string]*crypto.PrivateKey

	Trust *trust.Trust      // as written last
	File  trust.File        // the same
	Edit  func(*trust.File) // is applied to every trust file that is written; may be nil

	stop    func()
	clock   atomic.Int64
	real    atomic.Bool
	free    atomic.Uint64
	mu      sync.Mutex
	clients map[string]*api.Client
	dated   marketops.Time // of the latest record
}

// New starts a Core, after each of the edits. It is stopped when the test ends.
func New(t testing.TB, edits ...func(*World)) *World {
	t.Helper()
	dir, err := os.MkdirTemp("", "mops") // t.TempDir is too long for a socket
	Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &World{TB: t, Dir: dir, Socket: socket(dir), Keys: map[string]*crypto.PrivateKey{}, clients: map[string]*api.Client{}}
	w.clock.Store(time.Now().Unix())
	w.free.Store(1 << 40)
	for _, name := range names {
		w.Keys[name] = NewKey(t)
	}
	w.Options = w.options()
	for _, edit := range edits {
		edit(w)
	}
	w.WriteTrust(1, nil)
	Must(t, policy.WriteStarter(filepath.Join(dir, "policy")))
	w.Start()
	t.Cleanup(func() { w.Stop() })
	return w
}

// Attach is the world of another process, as one sees it who has the addresses, these keys and the trust
// file. It has no Core to start or stop.
func Attach(t testing.TB, dir string, now marketops.Time, known *trust.Trust, keys map[string]*crypto.PrivateKey) *World {
	w := &World{TB: t, Dir: dir, Socket: socket(dir), Keys: keys, Trust: known, File: known.File(), clients: map[string]*api.Client{}}
	w.clock.Store(int64(now))
	return w
}

func socket(dir string) string { return filepath.Join(dir, "core.sock") }

func (w *World) options() core.Options {
	c := config.DefaultCore(Origin).In(w.Dir)
	c.Limits.MaxSubmissionsPerDay, c.Limits.MaxSubmissionsPerPerson = 10_000, 10_000
	return core.Options{
		State: w.Dir, Config: c, Keys: issue.Keys{Authority: w.Keys["authority"], Advisory: w.Keys["advisory"], Ledger: w.Keys["ledger"]},
		Checkpoint: w.Keys["checkpoint"], Version: "test", Random: rand.Reader, Now: w.Now, OpenLedger: w.openLedger,
		Free: func(string) (uint64, error) { return w.free.Load(), nil }, Log: slog.New(slog.DiscardHandler),
	}
}

// NewKey returns a random key.
func NewKey(t testing.TB) *crypto.PrivateKey {
	t.Helper()
	seed := make([]byte, 32)
	rand.Read(seed)
	return Got(crypto.NewPrivateKey(seed))(t)
}

// Now is the clock of the Core and of its callers.
func (w *World) Now() marketops.Time {
	if w.real.Load() {
		return marketops.TimeOf(time.Now())
	}
	return marketops.Time(w.clock.Load())
}

// Pass moves the clock.
func (w *World) Pass(d time.Duration) { w.clock.Add(int64(d / time.Second)) }

// UseRealClock lets the clock go as the machine's, for a Core in another process.
func (w *World) UseRealClock() { w.real.Store(true) }

// SetFree says how much disk space the Core finds, in bytes.
func (w *World) SetFree(bytes uint64) { w.free.Store(bytes) }

// Start opens the Core and serves it.
func (w *World) Start() {
	w.Helper()
	c, err := core.Open(context.Background(), w.Options)
	Must(w, err)
	l, err := server.ListenUnix(w.Socket)
	Must(w, err)
	w.Issuer = Got(issue.New(w.Options.Keys, w.Options.Random, w.Now, c.Trust))(w)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	w.Core = c
	h := w.Handler()
	go func() { served <- server.Serve(ctx, h, w.Options.Log, l) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-served, c.Close()); err != nil {
			w.Errorf("stopping: %v", err)
		}
	})
}

// Handler returns the Core's endpoints.
func (w *World) Handler() http.Handler {
	return server.Handler(w.Core, Origin, w.Now, w.Options.Log)
}

// Stop stops the Core as a signal would. Stopping it again does nothing.
func (w *World) Stop() { w.stop() }

// Restart stops the Core and starts it again on the same folder.
func (w *World) Restart() {
	w.Helper()
	w.Stop()
	w.mu.Lock()
	clear(w.clients) // one may not have noticed yet that its connection has ended
	w.mu.Unlock()
	w.Start()
}

// Client is the one client of a key; all of its calls share connections. "" signs nothing.
func (w *World) Client(name string) *api.Client {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.clients[name] == nil {
		var by crypto.Signer
		if k := w.Keys[name]; k != nil {
			by = k
		}
		w.clients[name] = Got(api.Dial(w.Socket, Origin, by, w.Trust, w.Now))(w)
	}
	return w.clients[name]
}

// Must ends the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Got is the value of a call that must succeed: Got(f())(t).
func Got[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		Must(t, err)
		return v
	}
}

// WantCode fails the test unless err carries the code.
func WantCode(t testing.TB, err error, code marketops.Code) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}
