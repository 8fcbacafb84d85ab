package policy

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omega/marketops"
)

// folder returns a bundle of the built-in schema and these policy files.
func folder(t testing.TB, files map[string]string) fstest.MapFS {
	t.Helper()
	schema, err := fs.ReadFile(Starter(), schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{schemaFile: {Data: schema}}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func load(t testing.TB, policies string) *Bundle {
	t.Helper()
	b, err := Load(folder(t, map[string]string{"p.cedar": policies}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func release() Facts {
	return Facts{
		Now: marketops.TimeOf(time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)), Requester: "bob", RequesterGroups: []string{"requesters"},
		Kind: marketops.PublishRelease, Host: "github.com", RepositoryID: 42, FullName: "octo-org/widgets", Tag: "v1.4.0", Bump: "minor",
		MakeLatest: true, Assets: 2, Approvals: 1, Approvers: []string{"alice"}, Plan: marketops.DigestOf([]byte("plan")),
	}
}

func tag() Facts {
	f := release()
	f.Kind, f.MakeLatest, f.Assets = marketops.TagRepo, false, 0
	return f
}

func pull() Facts {
	f := tag()
	f.Kind, f.Tag, f.Bump, f.BaseBranch = marketops.OpenPR, "", "", "main"
	return f
}

func with(f Facts, change func(*Facts)) Facts {
	change(&f)
	return f
}

func observed(f Facts, o Observed) Facts {
	f.Observed = &o
	return f
}

func denied(t *testing.T, d Decision, code marketops.Code, why string) {
	t.Helper()
	if d.Allow || d.Code != code || len(d.WhyNot) == 0 || len(d.WhyNot) > MaxWhyNot || !strings.Contains(strings.Join(d.WhyNot, "; "), why) {
		t.Errorf("got %+v, want %s because %q", d, code, why)
	}
}

func allowed(t *testing.T, d Decision, policies ...string) {
	t.Helper()
	if !d.Allow || d.Code != "" || d.WhyNot != nil || !slices.Equal(d.Policies, policies) || len(d.Request) == 0 {
		t.Errorf("got %+v, want leave by %v", d, policies)
	}
}

func TestStarter(t *testing.T) {
	b, err := Load(Starter())
	if err != nil {
		t.Fatal(err)
	}
	allowed(t, b.Decide(release()), "release")
	allowed(t, b.Decide(tag()), "tag")
	allowed(t, b.Decide(pull()), "pull-request")
	allowed(t, b.Decide(observed(release(), Observed{})), "release")
	for name, c := range map[string]struct {
		change func(*Facts)
		why    string
	}{
		"no approval":    {func(f *Facts) { f.Approvals, f.Approvers = 0, nil }, "allowed with 1 more approval by another person"},
		"no group":       {func(f *Facts) { f.RequesterGroups = nil }, "if bob were in the group requesters"},
		"another group":  {func(f *Facts) { f.RequesterGroups = []string{"Requesters"} }, "if bob were in the group requesters"},
		"self approval":  {func(f *Facts) { f.Approvers = []string{"bob"} }, "policy integrity forbids it: the requester is among the approvers"},
		"self and other": {func(f *Facts) { f.Approvals, f.Approvers = 2, []string{"alice", "bob"} }, "policy integrity forbids it"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range []Facts{release(), tag(), pull()} {
				c.change(&f)
				denied(t, b.Decide(f), marketops.PolicyDenied, c.why)
			}
		})
	}
}

func TestWriteStarter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policy")
	if err := WriteStarter(dir); err != nil {
		t.Fatal(err)
	}
	own, err := Load(Starter())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Load(os.DirFS(dir)); err != nil || b.Digest() != own.Digest() || b.Digest().IsZero() {
		t.Errorf("written: %v", err)
	}
	if err := WriteStarter(dir); !errors.Is(err, marketops.ConfigInvalid) || !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
}

// The example of the starter bundle must work as it stands once its comment signs are gone.
func TestFreeze(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"10-permit.cedar", "95-freeze.cedar"} {
		text, err := fs.ReadFile(Starter(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	_, example, _ := strings.Cut(files["95-freeze.cedar"], "//\n")
	files["95-freeze.cedar"] = strings.ReplaceAll(example, "// ", "")
	b, err := Load(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	denied(t, b.Decide(release()), marketops.Frozen, "year-end freeze; it would be allowed outside the freeze")
	at := func(y int, m time.Month, d int) marketops.Time {
		return marketops.TimeOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
	}
	denied(t, b.Decide(with(release(), func(f *Facts) { f.Now = at(2026, 12, 20) })), marketops.Frozen, "freeze")
	denied(t, b.Decide(with(release(), func(f *Facts) { f.Now = at(2027, 1, 4) - 1 })), marketops.Frozen, "freeze")
	allowed(t, b.Decide(with(release(), func(f *Facts) { f.Now = at(2027, 1, 4) })), "release")
	allowed(t, b.Decide(with(release(), func(f *Facts) { f.Now = at(2026, 12, 20) - 1 })), "release")
	both := with(release(), func(f *Facts) { f.Approvals, f.Approvers = 0, nil })
	denied(t, b.Decide(both), marketops.Frozen, "allowed with 1 more approval by another person, and outside the freeze")
}

func TestFreezeBesideAnotherForbid(t *testing.T) {
	b := load(t, `permit (principal, action, resource);
		@id("freeze") @code("frozen") forbid (principal, action, resource);
		@id("other") forbid (principal, action, resource);`)
	d := b.Decide(release())
	denied(t, d, marketops.PolicyDenied, "policy other forbids it")
	if !slices.Equal(d.Policies, []string{"freeze", "other"}) {
		t.Errorf("policies are %v", d.Policies)
	}
}

func TestWhyNot(t *testing.T) {
	major := load(t, `permit (principal, action == Marketops::Action::"publish_release", resource) when { context.common.approvals >= 3 };`)
	denied(t, major.Decide(release()), marketops.PolicyDenied, "it would be allowed with 2 more approvals by another person")
	if text := strings.Join(major.Decide(release()).WhyNot, ";"); strings.Contains(text, "1 more approval") {
		t.Errorf("one more approval is not enough: %s", text)
	}
	denied(t, major.Decide(tag()), marketops.PolicyDenied, "no policy permits tag_repo to octo-org/widgets by bob with 1 approval; no approval, group")
	default_ := load(t, `permit (principal, action == Marketops::Action::"open_pr", resource)
		when { context.common has observed && context.common.observed.default_branch == context.base_branch };`)
	denied(t, default_.Decide(observed(pull(), Observed{DefaultBranch: "trunk"})), marketops.PolicyDenied, "if main were the default branch")
	allowed(t, default_.Decide(observed(pull(), Observed{DefaultBranch: "main"})), "p.cedar#1")
	moved := load(t, `permit (principal, action, resource) when { context.common has observed && context.common.observed.commit_on_branch };`)
	denied(t, moved.Decide(observed(tag(), Observed{})), marketops.PolicyDenied, "if the commit lay on the allowed branch")
	taken := load(t, `permit (principal, action, resource) when { context.common has observed && context.common.observed.tag_absent };`)
	denied(t, taken.Decide(observed(tag(), Observed{})), marketops.PolicyDenied, "if the tag did not exist yet")
	many := load(t, `permit (principal in Marketops::Group::"a", action, resource) when { context.common.approvals > 2 && context.common has observed && context.common.observed.tag_absent };`)
	denied(t, many.Decide(tag()), marketops.PolicyDenied, "by another person, and if the Core read GitHub itself (observe: github in core.yaml) and found everything in order, and if bob were in the group a")
	denied(t, many.Decide(with(tag(), func(f *Facts) { f.Observed = &Observed{} })), marketops.PolicyDenied, "with 2 more approvals by another person, and if the tag did not exist yet, and if bob")
	inner := load(t, `permit (principal, action, resource) when { principal in Marketops::Group::"release-team" };`)
	denied(t, inner.Decide(tag()), marketops.PolicyDenied, "if bob were in the group release-team")
}

func TestUnobserved(t *testing.T) {
	for name, text := range map[string]string{
		"permit that needs it":      `permit (principal, action, resource) when { context.common has observed && context.common.observed.tag_absent };`,
		"forbid unless it is there": `permit (principal, action, resource); forbid (principal, action, resource) unless { context.common has observed && !context.common.observed.archived };`,
		"annotation on a forbid":    `permit (principal, action, resource); @needs("observed") forbid (principal, action, resource) when { context.common has observed && context.common.observed.archived };`,
		"forbid that is silent":     `permit (principal, action, resource); forbid (principal, action, resource) when { context.common has observed && context.common.observed.archived };`,
		"permit of what is absent":  `permit (principal, action, resource) when { !(context.common has observed && context.common.observed.archived) };`,
		"annotation on a permit":    `@needs("observed") permit (principal, action, resource);`,
	} {
		t.Run(name, func(t *testing.T) {
			b := load(t, text)
			denied(t, b.Decide(tag()), marketops.FactUnobserved, "observe: github in core.yaml")
			if d := b.Decide(observed(tag(), Observed{TagAbsent: true})); !d.Allow {
				t.Errorf("the control is denied: %+v", d)
			}
		})
	}
	b := load(t, `permit (principal, action, resource); @needs("observed") forbid (principal, action == Marketops::Action::"tag_repo", resource) when { context.tag == "none" };`)
	denied(t, b.Decide(tag()), marketops.FactUnobserved, "p.cedar#2")
	allowed(t, b.Decide(release()), "p.cedar#1") // outside the scope of the policy that needs it
	b = load(t, `permit (principal, action == Marketops::Action::"publish_release", resource) when { context.common has observed && context.common.approvals > 5 };`)
	denied(t, b.Decide(release()), marketops.PolicyDenied, "no policy permits") // observing would not help
}

// Cedar alone allows in each of these: a policy that fails is skipped.
func TestFailingPoliciesDeny(t *testing.T) {
	const overflow = `context.common.approvals + 9223372036854775807 > 0`
	for name, text := range map[string]string{
		"forbid": `permit (principal, action, resource); forbid (principal, action, resource) when { ` + overflow + ` };`,
		"permit": `permit (principal, action, resource); permit (principal, action, resource) when { ` + overflow + ` };`,
		"unless": `permit (principal, action, resource); forbid (principal, action, resource) unless { ` + overflow + ` };`,
	} {
		t.Run(name, func(t *testing.T) {
			b := load(t, text)
			denied(t, b.Decide(release()), marketops.PolicyDenied, "policy p.cedar#2 failed")
			none := with(release(), func(f *Facts) { f.Approvals, f.Approvers = 0, nil })
			if d := b.Decide(none); name == "permit" && !d.Allow {
				t.Errorf("the control does not overflow: %+v", d)
			}
		})
	}
}

func TestDenyByDefault(t *testing.T) {
	for _, b := range []*Bundle{nil, {}} {
		d := b.Decide(release())
		denied(t, d, marketops.PolicyDenied, "could not be evaluated")
		if !b.Digest().IsZero() {
			t.Error("no bundle has a digest")
		}
	}
	if (Decision{}).Allow {
		t.Error("the zero decision allows")
	}
	b := load(t, `forbid (principal, action, resource) when { resource.host == "elsewhere" };`)
	denied(t, b.Decide(release()), marketops.PolicyDenied, "no policy permits")
}

// A bundle whose insides were destroyed makes Cedar panic; the panic must become a denial.
func TestPanicDenies(t *testing.T) {
	b := load(t, `permit (principal, action, resource);`)
	allowed(t, b.Decide(release()), "p.cedar#1")
	b.policies["broken"] = nil
	denied(t, b.Decide(release()), marketops.PolicyDenied, "internal error")
}

// Requests and entities are validated when they are judged, not only when the bundle is loaded.
func TestSchemaIsCheckedAtEachDecision(t *testing.T) {
	b := load(t, `permit (principal, action, resource);`)
	delete(b.schema.Entities, repositoryType)
	denied(t, b.Decide(release()), marketops.PolicyDenied, "does not fit the schema")
	b = load(t, `permit (principal, action, resource);`)
	delete(b.schema.Entities, groupType)
	denied(t, b.Decide(release()), marketops.PolicyDenied, "entities do not fit the schema")
}

func TestBadFactsDeny(t *testing.T) {
	b := load(t, `permit (principal, action, resource);`)
	for name, f := range map[string]Facts{
		"zero":                    {},
		"no time":                 with(release(), func(f *Facts) { f.Now = 0 }),
		"no plan":                 with(release(), func(f *Facts) { f.Plan = marketops.Digest{} }),
		"no requester":            with(release(), func(f *Facts) { f.Requester = "" }),
		"no kind":                 with(release(), func(f *Facts) { f.Kind = "" }),
		"unknown kind":            with(release(), func(f *Facts) { f.Kind = "delete_repo" }),
		"the group of actions":    with(release(), func(f *Facts) { f.Kind = "publish" }),
		"no host":                 with(release(), func(f *Facts) { f.Host = "" }),
		"no id":                   with(release(), func(f *Facts) { f.RepositoryID = 0 }),
		"negative id":             with(release(), func(f *Facts) { f.RepositoryID = -42 }),
		"id beyond JSON":          with(release(), func(f *Facts) { f.RepositoryID = 1<<53 + 1 }),
		"no tag":                  with(release(), func(f *Facts) { f.Tag = "" }),
		"no bump":                 with(release(), func(f *Facts) { f.Bump = "" }),
		"unknown bump":            with(release(), func(f *Facts) { f.Bump = "Major" }),
		"tag with assets":         with(tag(), func(f *Facts) { f.Assets = 1 }),
		"tag as latest":           with(tag(), func(f *Facts) { f.MakeLatest = true }),
		"pull without base":       with(pull(), func(f *Facts) { f.BaseBranch = "" }),
		"pull with tag":           with(pull(), func(f *Facts) { f.Tag = "v1" }),
		"negative approvals":      with(release(), func(f *Facts) { f.Approvals = -1 }),
		"approvals by nobody":     with(release(), func(f *Facts) { f.Approvers = nil }),
		"one person twice":        with(release(), func(f *Facts) { f.Approvals, f.Approvers = 2, []string{"alice", "alice"} }),
		"approver without name":   with(release(), func(f *Facts) { f.Approvers = []string{""} }),
		"group without name":      with(release(), func(f *Facts) { f.RequesterGroups = []string{""} }),
		"not UTF-8":               with(release(), func(f *Facts) { f.Requester = "b\xff" }),
		"too long":                with(release(), func(f *Facts) { f.Tag = strings.Repeat("x", maxText+1) }),
		"too many approvers":      with(release(), func(f *Facts) { f.Approvers = make([]string, maxPeople+1) }),
		"observed text not UTF-8": observed(release(), Observed{DefaultBranch: "\xff"}),
	} {
		t.Run(name, func(t *testing.T) { denied(t, b.Decide(f), marketops.PolicyDenied, "could not be evaluated") })
	}
	for _, f := range []Facts{release(), tag(), pull()} {
		allowed(t, b.Decide(f), "p.cedar#1")
	}
}

func TestPolicyMayDecideByRepository(t *testing.T) {
	b := load(t, `permit (principal == Marketops::Person::"bob", action, resource == Marketops::Repository::"github.com#42")
		when { resource.host == "github.com" && resource.repository_id == 42 };`)
	allowed(t, b.Decide(release()), "p.cedar#1")
	for _, change := range []func(*Facts){
		func(f *Facts) { f.RepositoryID = 43 },
		func(f *Facts) { f.Host = "ghe.example.com" },
		func(f *Facts) { f.Requester = "Bob" },
	} {
		denied(t, b.Decide(with(release(), change)), marketops.PolicyDenied, "no policy permits")
	}
}

func TestRequestIsACanonicalCopy(t *testing.T) {
	b, err := Load(Starter())
	if err != nil {
		t.Fatal(err)
	}
	f := observed(release(), Observed{DefaultBranch: "main", HeadSHA: "abc"})
	f.RequesterGroups, f.Approvals, f.Approvers = []string{"z", "requesters", "z"}, 1, []string{"carol", "alice"}
	g := f
	g.RequesterGroups, g.Approvers = []string{"requesters", "z"}, []string{"alice", "carol"}
	d := b.Decide(f)
	if string(d.Request) != string(b.Decide(g).Request) {
		t.Error("the order of sets changes the request")
	}
	again, digest, err := ParseRequest(d.Request)
	if err != nil || digest != b.Digest() || *again.Observed != *f.Observed {
		t.Fatalf("got %+v, %v", again, err)
	}
	if e := b.Decide(again); string(e.Request) != string(d.Request) || e.Allow != d.Allow || !slices.Equal(e.Policies, d.Policies) {
		t.Errorf("judged again: %+v, first %+v", e, d)
	}
	for _, bad := range []string{"", "{}", strings.Replace(string(d.Request), "v1.4.0", "v1.4.0\\u0000", 1)[1:], strings.Replace(string(d.Request), "policy-request/v1", "policy-request/v2", 1)} {
		if _, _, err := ParseRequest([]byte(bad)); err == nil {
			t.Errorf("accepted %.60q", bad)
		}
	}
}

// Cedar walks policies in random order; what is recorded and shown must not depend on it.
func TestDecisionsRepeat(t *testing.T) {
	var text strings.Builder
	for _, id := range []string{"d", "a", "c", "b"} {
		text.WriteString(`@id("` + id + `") forbid (principal, action, resource) when { context.common.approvals < 5 };`)
		text.WriteString(`@id("fail-` + id + `") forbid (principal, action, resource) when { context.common.approvals + 9223372036854775806 > 0 };`)
	}
	b := load(t, text.String())
	ok := with(release(), func(f *Facts) { f.Approvals = 0 })
	bad := with(release(), func(f *Facts) { f.Approvals, f.Approvers = 2, []string{"a", "c"} })
	for range 20 {
		if d := b.Decide(ok); !slices.Equal(d.Policies, []string{"a", "b", "c", "d", "fail-a", "fail-b", "fail-c", "fail-d"}) {
			t.Fatalf("policies are %v", d.Policies)
		}
		denied(t, b.Decide(bad), marketops.PolicyDenied, "policy fail-a failed")
	}
}

func TestDigestCoversNamesAndBytes(t *testing.T) {
	base := map[string]string{"a.cedar": `permit (principal, action, resource);`, "b.cedar": `forbid (principal, action, resource);`}
	seen := map[marketops.Digest]string{}
	for name, change := range map[string]func(map[string]string){
		"same":     func(map[string]string) {},
		"comment":  func(m map[string]string) { m["a.cedar"] += "// x" },
		"renamed":  func(m map[string]string) { m["c.cedar"] = m["b.cedar"]; delete(m, "b.cedar") },
		"swapped":  func(m map[string]string) { m["a.cedar"], m["b.cedar"] = m["b.cedar"], m["a.cedar"] },
		"empty":    func(m map[string]string) { m["c.cedar"] = "" },
		"joined":   func(m map[string]string) { m["a.cedar"] += m["b.cedar"]; m["b.cedar"] = "" },
		"unhidden": func(m map[string]string) { m["a.cedar"] = "\n" + m["a.cedar"] },
	} {
		files := maps.Clone(base)
		change(files)
		b, err := Load(folder(t, files))
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[b.Digest()]; twice {
			t.Errorf("%s and %s have one digest", name, other)
		}
		seen[b.Digest()] = name
	}
	with := folder(t, base)
	with["README.md"], with[".DS_Store"] = &fstest.MapFile{Data: []byte("x")}, &fstest.MapFile{Data: []byte("x")}
	if b, err := Load(with); err != nil || seen[b.Digest()] != "same" {
		t.Errorf("a README changes the digest: %v", err)
	}
}
