package submit

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/plan"
)

func TestAlteredRefusal(t *testing.T) {
	dir := t.TempDir()
	op := marketops.Operation{Kind: marketops.PublishRelease, Release: &marketops.Release{}}
	sources := plan.Files{Number: 1}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("as planned"), 0o600); err != nil {
			t.Fatal(err)
		}
		op.Release.Assets = append(op.Release.Assets, marketops.Asset{Name: name, Size: 10, SHA256: marketops.DigestOf([]byte("as planned"))})
		sources.Files = append(sources.Files, plan.File{Name: name, Path: name})
	}
	r := &plan.Run{Operations: []marketops.Operation{op}, Sources: plan.Sources{Root: dir, Operations: []plan.Files{sources}}}
	var said bytes.Buffer
	e := env.New(&cli.Streams{Err: &said})
	if err := requireUnchanged(context.Background(), e, r); err != nil || said.Len() > 0 {
		t.Errorf("control: %v, %s", err, &said)
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("as planted"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := requireUnchanged(context.Background(), e, r)
	var refusal *marketops.Refusal
	if !errors.As(err, &refusal) || refusal.Code != marketops.PlanStale || len(refusal.Checks) != 6 {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(refusal.What, `6 files changed`) || !strings.Contains(refusal.What, `"e" of operation 1 is sha256:`) || !strings.HasSuffix(refusal.What, "and 1 more") {
		t.Error(refusal.What)
	}
	r.Sources.Root += "-elsewhere"
	if err := requireUnchanged(context.Background(), e, r); err != nil || !strings.Contains(said.String(), "not compared") {
		t.Errorf("%v, %s", err, &said)
	}
}
