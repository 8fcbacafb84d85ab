package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/setup"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// initialize makes the state folder of a Core.
func initialize(t *testing.T, dir string) {
	t.Helper()
	_, err := setup.InitCore(setup.Options{Dir: dir, Origin: "log.example.com", Now: cli.Now(), Random: rand.Reader})
	must(t, err)
}

// lines hands each diagnostic line to whoever waits for one.
type lines chan string

func (l lines) Write(b []byte) (int, error) { l <- string(b); return len(b), nil }

// TestServe starts a Core on a folder as init makes it, refuses a second one, and stops.
func TestServe(t *testing.T) {
	base, err := os.MkdirTemp("", "mops")
	must(t, err)
	defer os.RemoveAll(base)
	dir := filepath.Join(base, ".marketops")
	initialize(t, dir)
	for range 2 { // the second start finds the first one's folder
		ctx, stop := context.WithCancel(context.Background())
		said, ended := make(lines, 64), make(chan error, 1)
		go func() { ended <- run(ctx, dir, slog.New(slog.NewTextHandler(said, nil))) }()
		awaitReady(t, said, ended)
		if err := run(ctx, dir, slog.New(slog.NewTextHandler(io.Discard, nil))); !errors.Is(err, marketops.CoreAlreadyRunning) {
			t.Errorf("a second Core: %v", err)
		}
		c, err := api.Dial(filepath.Join(dir, "core.sock"), "log.example.com", nil, nil, func() marketops.Time { return marketops.TimeOf(time.Now()) })
		must(t, err)
		info, err := c.Info(ctx)
		must(t, err)
		if info.Core != "log.example.com" || info.Trust != 1 || info.Policy.IsZero() {
			t.Errorf("%+v", info)
		}
		stop()
		must(t, <-ended)
		if _, err := os.Stat(filepath.Join(dir, "core.sock")); err == nil {
			t.Error("the socket is left behind")
		}
	}
}

func awaitReady(t *testing.T, said lines, ended <-chan error) {
	t.Helper()
	for {
		select {
		case line := <-said:
			if strings.Contains(line, "msg=ready") {
				return
			}
		case err := <-ended:
			t.Fatalf("it did not start: %v", err)
		}
	}
}

// TestOptionsRefuse: keys that others can read, and settings that nobody knows.
func TestOptionsRefuse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".marketops")
	initialize(t, dir)
	log := slog.New(slog.DiscardHandler)
	_, err := options(dir, log)
	must(t, err)
	must(t, os.Chmod(filepath.Join(dir, "keys", "ledger.pem"), 0o644))
	if _, err := options(dir, log); !errors.Is(err, marketops.KeyUnreadable) {
		t.Errorf("a key that others can read: %v", err)
	}
	must(t, os.Chmod(filepath.Join(dir, "keys", "ledger.pem"), 0o600))
	core := filepath.Join(dir, "core.yaml")
	text, err := os.ReadFile(core)
	must(t, err)
	must(t, os.WriteFile(core, append(text, "surprise: true\n"...), 0o600))
	if _, err := options(dir, log); !errors.Is(err, marketops.ConfigInvalid) {
		t.Errorf("an unknown key in core.yaml: %v", err)
	}
}
