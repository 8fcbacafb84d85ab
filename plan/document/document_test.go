package document

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

func goldenPlan(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "plan.golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Each case is the golden plan with one change; the control is the golden plan itself.
func TestParseRefuses(t *testing.T) {
	good := string(goldenPlan(t))
	if _, err := Parse([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"schema", "marketops.plan/v2", "marketops.plan/v1"},
		{"mode", `"mode":"dry_run"`, `"mode":"prod"`},
		{"host", `"host":"github.com"`, `"host":""`},
		{"host with a dot at its end", `"host":"github.com"`, `"host":"github.com."`},
		{"title (reserved)", `"schema":"marketops.plan/v2"`, `"schema":"marketops.plan/v2","title":"October"`},
		{"after (reserved)", `{"blocked_by_mode"`, `{"after":[2],"blocked_by_mode"`},
		{"not blocked", `"blocked_by_mode":true`, `"blocked_by_mode":false`},
		{"out of order", `"number":1,"operation":`, `"number":2,"operation":`},
		{"no digest", `"operation":"sha256:`, `"operation":"sha257:`},
		{"one resource twice", `"repository_id":8,"resource":"refs/tags/v0.3.1"`, `"repository_id":7,"resource":"refs/tags/v1.4.0"`},
		{"no repository", `"repository_id":8`, `"repository_id":0`},
		{"code of another group", `"code":"version-exists"`, `"code":"expired"`},
		{"unknown code", `"code":"version-exists"`, `"code":"nonsense"`},
		{"no reason", `"reason":"tag \"v0.3.0\" exists"`, `"reason":""`},
		{"unknown member", `"findings":`, `"extra":1,"findings":`},
		{"null list", `"findings":[]`, `"findings":null`},
		{"space", `"findings":[]`, `"findings": []`},
		{"trailing", `"schema":"marketops.plan/v2"}`, `"schema":"marketops.plan/v2"}{}`},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s changes nothing", c.name)
		}
		if _, err := Parse([]byte(bad)); !errors.Is(err, marketops.PlanMismatch) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Parse([]byte(strings.Repeat(" ", MaxPlan+1))); !errors.Is(err, marketops.PlanMismatch) {
		t.Error("a plan without end is parsed")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(goldenPlan(f))
	f.Add([]byte(`{"findings":[],"host":"h.example","mode":"dry_run","operations":[],"rejected":[],"schema":"marketops.plan/v2"}`))
	f.Add([]byte(`{"schema":"marketops.plan/v2"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := Parse(in)
		if err != nil {
			return
		}
		out, err := p.Encode()
		if err != nil || !bytes.Equal(in, out) {
			t.Fatalf("%q came back as %q, %v", in, out, err)
		}
	})
}
