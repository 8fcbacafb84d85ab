//go:build unix

package publisher_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/publisher"
)

// TestOutboxOfStrangers: nothing of an outbox that a stranger made is read, renamed or written elsewhere, and nothing of it
// holds the publisher up. No Core is asked.
func TestOutboxOfStrangers(t *testing.T) {
	for name, c := range map[string]struct {
		make  func(run, theirs string) error
		names string // the file that the refusal names
	}{
		"linked folder": {func(run, theirs string) error { return os.Symlink(theirs, filepath.Join(run, "outbox")) }, "outbox"},
		"no folder":     {func(run, theirs string) error { return os.WriteFile(filepath.Join(run, "outbox"), nil, 0o600) }, "outbox"},
		"linked file":   {inOutbox(func(file, theirs string) error { return os.Symlink(filepath.Join(theirs, "outcome-00.json"), file) }), "outcome-00.json"},
		"pipe":          {inOutbox(func(file, _ string) error { return syscall.Mkfifo(file, 0o600) }), "outcome-00.json"},
		"folder":        {inOutbox(func(file, _ string) error { return os.Mkdir(file, 0o700) }), "outcome-00.json"},
		"large": {inOutbox(func(file, _ string) error {
			return errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 64<<20))
		}), "outcome-00.json"},
	} {
		t.Run(name, func(t *testing.T) {
			run, theirs := t.TempDir(), t.TempDir()
			their := filepath.Join(theirs, "outcome-00.json")
			if err := errors.Join(os.WriteFile(their, []byte("theirs"), 0o600), c.make(run, theirs)); err != nil {
				t.Fatal(err)
			}
			p := &publisher.Publisher{Outbox: publisher.Outbox{Dir: filepath.Join(run, "outbox")}}
			if err := soon(t, func() error { return p.Flush(context.Background()) }); !errors.Is(err, marketops.FileUnsafe) || !strings.Contains(err.Error(), c.names) {
				t.Error(err)
			}
			if c.names == "outbox" {
				if err := p.Outbox.Keep("refusal", api.Decided{}); marketops.CodeOf(err) != marketops.FileUnsafe && marketops.CodeOf(err) != marketops.DiskFull {
					t.Errorf("a record is kept elsewhere: %v", err)
				}
			}
			found, err := os.ReadDir(theirs)
			if b, rerr := os.ReadFile(their); err != nil || rerr != nil || len(found) != 1 || string(b) != "theirs" {
				t.Errorf("the folder elsewhere: %v, %q, %v, %v", found, b, err, rerr)
			}
		})
	}
}

// soon fails the test if the call waits.
func soon(t *testing.T, call func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("it waits")
		return nil
	}
}

func inOutbox(put func(file, theirs string) error) func(run, theirs string) error {
	return func(run, theirs string) error {
		dir := filepath.Join(run, "outbox")
		return errors.Join(os.Mkdir(dir, 0o700), put(filepath.Join(dir, "outcome-00.json"), theirs))
	}
}
