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

// TestAfter: prerequisites come first, each once; a release may take the resource of the tag that it comes after.
func TestAfter(t *testing.T) {
	first, second, third := `{"blocked_by_mode":true,"kind":"publish_release"`, `{"blocked_by_mode":true,"kind":"tag_repo"`, `{"blocked_by_mode":true,"kind":"open_pr"`
	after := func(op, list string) string { return strings.Replace(op, "{", `{"after":`+list+",", 1) }
	swap := func(in string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(in) }
	good := string(goldenPlan(t))
	for name, c := range map[string]struct{ plan, says string }{
		"none":               {good, ""},
		"the first":          {swap(good, second, after(second, "[1]")), ""},
		"both":               {swap(good, second, after(second, "[1]"), third, after(third, "[1,2]")), ""},
		"not in the plan":    {swap(good, third, after(third, "[4]")), "after names operation 4, and the plan has operations 1 to 3"},
		"number 0":           {swap(good, third, after(third, "[0]")), "after names operation 0"},
		"itself":             {swap(good, third, after(third, "[3]")), "after names the operation itself"},
		"twice":              {swap(good, third, after(third, "[1,1]")), "after names operation 1 twice"},
		"falling":            {swap(good, third, after(third, "[2,1]")), "after is not in rising order"},
		"empty":              {swap(good, third, after(third, "[]")), "after is empty"},
		"a later one":        {swap(good, first, after(first, "[2]")), "after names operation 2, which does not come before it"},
		"a cycle":            {swap(good, first, after(first, "[2]"), second, after(second, "[1]")), "which does not come before it"},
		"null":               {swap(good, third, after(third, "null")), "plan.json"},
		"tag and release":    {tagAndRelease(good, "[1]"), ""},
		"tag beside release": {tagAndRelease(good, ""), "twice"},
		"release, then tag":  {swap(good, second, after(second, "[1]"), `"repository_id":8,"resource":"refs/tags/v0.3.1"`, `"repository_id":7,"resource":"refs/tags/v1.4.0"`), "twice"},
	} {
		_, err := Parse([]byte(c.plan))
		if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, marketops.PlanMismatch) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, err := Parse([]byte(tagAndRelease(good, "[1]")))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Prerequisites(p.Operations[1].Operation); len(got) != 1 || got[0].Title() != "tag_repo octo-org/widgets refs/tags/v1.4.0" {
		t.Errorf("the release comes after %v", got)
	}
	if got := p.Prerequisites(p.Operations[0].Operation); got != nil {
		t.Errorf("the tag comes after %v", got)
	}
}

// tagAndRelease makes of the first two operations a tag and a release on that tag.
func tagAndRelease(plan, after string) string {
	const head = `{"blocked_by_mode":true,"kind":"`
	plan = strings.Replace(plan, head+"publish_release", head+"tag_repo", 1)
	plan = strings.Replace(plan, head+`tag_repo","number":2`, head+`publish_release","number":2`, 1)
	if after != "" {
		plan = strings.Replace(plan, head+`publish_release","number":2`, `{"after":`+after+","+head[1:]+`publish_release","number":2`, 1)
	}
	return strings.Replace(plan, `octo-org/gadgets","repository_id":8,"resource":"refs/tags/v0.3.1"`, `octo-org/widgets","repository_id":7,"resource":"refs/tags/v1.4.0"`, 1)
}

func FuzzParse(f *testing.F) {
	f.Add(goldenPlan(f))
	f.Add([]byte(tagAndRelease(string(goldenPlan(f)), "[1]")))
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
