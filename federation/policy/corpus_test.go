package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/omega/marketops"
)

// The validator lies in a package without a promise of stability: this corpus is ours, and a
// new version of it must still accept and refuse the same.

const (
	permitAll = `permit (principal, action, resource);`
	toRelease = `permit (principal, action == Marketops::Action::"publish_release", resource) when { %s };`
	toTag     = `permit (principal, action == Marketops::Action::"tag_repo", resource) when { %s };`
	toPull    = `permit (principal, action == Marketops::Action::"open_pr", resource) when { %s };`
	toAny     = `permit (principal, action, resource) when { %s };`
)

// Each good policy permits release() observed with everything in order, unless it is about another kind.
func TestGoodPolicies(t *testing.T) {
	f := observed(release(), Observed{DefaultBranch: "main", CommitOnBranch: true, TagAbsent: true, HeadSHA: "abc"})
	for i, text := range []string{
		permitAll,
		`permit (principal in Marketops::Group::"requesters", action in Marketops::Action::"publish", resource);`,
		`permit (principal is Marketops::Person, action in [Marketops::Action::"publish_release", Marketops::Action::"tag_repo"], resource is Marketops::Repository);`,
		`permit (principal is Marketops::Person in Marketops::Group::"requesters", action, resource);`,
		fmt.Sprintf(toRelease, `["patch", "minor"].contains(context.bump) && context.common.approvals >= 1`),
		fmt.Sprintf(toRelease, `context.tag like "v*" && !context.prerelease && context.make_latest && context.assets > 0`),
		fmt.Sprintf(toRelease, `if context.bump == "major" then context.common.approvals >= 2 else context.common.approvals >= 1`),
		fmt.Sprintf(toAny, `context.common has observed && context.common.observed.head_sha == "abc"`),
		fmt.Sprintf(toAny, `context.common has observed.archived && !context.common.observed.archived`),
		fmt.Sprintf(toAny, `context.common.now < datetime("2027-01-01T00:00:00Z")`),
		fmt.Sprintf(toAny, `context.common.now.toTime() >= duration("0h")`),
		fmt.Sprintf(toAny, `context.common.approvers.contains(Marketops::Person::"alice")`),
		fmt.Sprintf(toAny, `context.common.approvers.containsAny([Marketops::Person::"alice", Marketops::Person::"carol"])`),
		fmt.Sprintf(toAny, `!context.common.approvers.contains(principal)`),
		fmt.Sprintf(toAny, `resource.repository_id == 42 && resource.host == "github.com" && resource.full_name like "octo-org/*"`),
		fmt.Sprintf(toAny, `principal in Marketops::Group::"requesters"`),
		permitAll + fmt.Sprintf(toTag, `context.bump != "major"`) + fmt.Sprintf(toPull, `context.base_branch == "main"`),
		permitAll + `@code("frozen") forbid (principal, action, resource) when { context.common.now > datetime("2028-01-01") };`,
		"// only a comment\n" + permitAll,
		permitAll + `forbid (principal, action, resource) when { context has tag && context.tag like "x*" };`,
		permitAll + `forbid (principal, action, resource) when { action == Marketops::Action::"tag_repo" } unless { context.common.approvals > 1 };`,
		`@id("x") @reason("y") @obligation("z") ` + permitAll,
	} {
		b, err := Load(folder(t, map[string]string{"p.cedar": text}))
		if err != nil {
			t.Errorf("good policy %d: %v", i, err)
			continue
		}
		if d := b.Decide(f); !d.Allow {
			t.Errorf("good policy %d does not permit: %+v", i, d)
		}
	}
}

// Each bad policy stands beside a good one: the whole bundle must be refused, with the file's name.
func TestBadPolicies(t *testing.T) {
	for i, text := range []string{
		"permit",
		`permit (principal, action, resource)`,
		`allow (principal, action, resource);`,
		`permit (principal, action);`,
		`permit (principal, action, resource) when { };`,
		`permit (principal == ?principal, action, resource);`,
		`permit (principal, action == Marketops::Action::"publish_relaese", resource);`,
		`permit (principal, action == Action::"publish_release", resource);`,
		`permit (principal in Marketops::Groups::"requesters", action, resource);`,
		`permit (principal == Marketops::Repository::"x", action, resource);`,
		`permit (principal is Marketops::Group, action, resource);`,
		`permit (principal, action, resource is Marketops::Person);`,
		fmt.Sprintf(toAny, `context.common.aprovals >= 1`),
		fmt.Sprintf(toAny, `context.approvals >= 1`),
		fmt.Sprintf(toAny, `context.common.approvals >= "1"`),
		fmt.Sprintf(toAny, `context.common.approvals`),
		fmt.Sprintf(toAny, `context.tag like "v*"`), // tag is not there for open_pr
		fmt.Sprintf(toPull, `context.tag like "v*"`),
		fmt.Sprintf(toTag, `context.assets > 0`),
		fmt.Sprintf(toAny, `context.common.observed.archived`), // not guarded
		fmt.Sprintf(toAny, `!(context.common has observed) && context.common.observed.archived`),
		fmt.Sprintf(toAny, `context.common has observed || context.common.observed.archived`),
		fmt.Sprintf(toAny, `context.common has observd && context.common.observd.archived`),
		`forbid (principal, action, resource) when { context.common has observd && context.common.observd.archived };`,
		`forbid (principal, action, resource) when { (context.common has observd && context.common.observd.archived) || context.common.approvals > 5 };`,
		`forbid (principal, action, resource) unless { !(context.common has observd && context.common.observd.archived) };`,
		`forbid (principal, action, resource) when { principal has tag && principal.tag like "v*" };`,
		`forbid (principal, action, resource) when { resource has archived && resource.archived };`,
		`forbid (principal, action, resource) when { {a: 1} has b };`,
		`forbid (principal, action, resource) when { context has freeze && context.freeze.until > context.common.now };`,
		`forbid (principal, action == Marketops::Action::"open_pr", resource) when { context has tag && context.tag == "x" };`,
		`forbid (principal, action, resource) when { false };`,
		`forbid (principal, action, resource) unless { true };`,
		`forbid (principal, action, resource) when { principal is Marketops::Repository };`,
		`forbid (principal, action, resource) when { action == Marketops::Action::"tag_rep" };`,
		fmt.Sprintf(toAny, `principal.groups.contains("requesters")`),
		fmt.Sprintf(toAny, `context.common.approvers.contains("alice")`),
		fmt.Sprintf(toAny, `context.common.approvers.contains(Marketops::Group::"x")`),
		fmt.Sprintf(toAny, `context.common.now > "2026-01-01"`),
		fmt.Sprintf(toAny, `context.common.now > datetime("yesterday")`),
		fmt.Sprintf(toAny, `context.common.now > datetime(resource.host)`),
		fmt.Sprintf(toAny, `resource.id == 42`),
		fmt.Sprintf(toAny, `"requesters" in principal`),
		fmt.Sprintf(toAny, `if context.common.approvals then true else false`),
		fmt.Sprintf(toAny, `[1, "a"].contains(1)`),
		fmt.Sprintf(toAny, `ip("127.0.0.1").isLoopBack()`),
		fmt.Sprintf(toAny, `http.send("x")`),
		`@id("good") ` + permitAll, // the id is taken
		`@id("") ` + permitAll,
		"@id(\"a\\nb\") " + permitAll,
		`@code("frozen") ` + permitAll,
		`@code("thawed") forbid (principal, action, resource);`,
		`@needs("observations") forbid (principal, action, resource);`,
		"@reason(\"a\\u{202e}b\") forbid (principal, action, resource);",
		fmt.Sprintf(toAny, strings.Repeat("(", MaxNesting)+"true"+strings.Repeat(")", MaxNesting)),
		strings.Repeat("(", MaxFile),
		"//" + strings.Repeat("x", MaxFile),
		"// \xff",
	} {
		_, err := Load(folder(t, map[string]string{"a.cedar": `@id("good") ` + permitAll, "bad.cedar": text}))
		if !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), "bad.cedar") {
			t.Errorf("bad policy %d (%.80s): got %v", i, text, err)
		}
	}
}

func TestBadFolders(t *testing.T) {
	good := map[string]string{"a.cedar": permitAll}
	if _, err := Load(folder(t, good)); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	file := func(name, text string) func(fstest.MapFS) {
		return func(f fstest.MapFS) { f[name] = &fstest.MapFile{Data: []byte(text)} }
	}
	schema := func(old, new string) func(fstest.MapFS) {
		return func(f fstest.MapFS) {
			text := strings.Replace(string(f[schemaFile].Data), old, new, 1)
			if text == string(f[schemaFile].Data) {
				t.Fatalf("the schema does not hold %q", old)
			}
			f[schemaFile] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	for name, change := range map[string]func(fstest.MapFS){
		"no schema":            func(f fstest.MapFS) { delete(f, schemaFile) },
		"no policy":            func(f fstest.MapFS) { delete(f, "a.cedar") },
		"only comments":        file("a.cedar", "// nothing"),
		"misspelt policy":      file("90-forbid.ceder", "forbid (principal, action, resource);"),
		"backup":               file("a.cedar~", permitAll),
		"hidden policy":        file(".90-forbid.cedar", "forbid (principal, action, resource);"),
		"policy without name":  file(".cedar", permitAll),
		"folder":               file("sub/a.cedar", permitAll),
		"folder like a policy": file("sub.cedar/a", permitAll),
		"second schema":        file("more.cedarschema", ""),
		"schema garbage":       schema("namespace", "namespce"),
		"schema unknown type":  schema("Set<Person>", "Set<Persn>"),
		"schema with more":     schema(`"approvals": Long,`, `"approvals": Long, "break_glass"?: Bool,`),
		"schema with required": schema(`"approvals": Long,`, `"approvals": Long, "break_glass": Bool,`),
		"schema with less":     schema(`"plan": String,`, ""),
		"schema other type":    schema(`"approvals": Long`, `"approvals": String`),
		"schema optional":      schema(`"approvals": Long`, `"approvals"?: Long`),
		"schema other action":  schema(`action "open_pr"`, `action "close_pr"`),
		"schema more actions":  schema(`action "publish";`, `action "publish"; action "delete" in ["publish"] appliesTo { principal: [Person], resource: [Repository] };`),
		"schema deep":          schema(`"plan": String`, `"plan": `+strings.Repeat("Set<", MaxNesting)+"String"+strings.Repeat(">", MaxNesting)),
		"too many files": func(f fstest.MapFS) {
			for i := range MaxFiles {
				file(fmt.Sprintf("%d.cedar", i), "")(f)
			}
		},
		"too many policies": file("b.cedar", strings.Repeat("forbid(principal,action,resource);", MaxPolicies)),
	} {
		t.Run(name, func(t *testing.T) {
			f := folder(t, good)
			change(f)
			if b, err := Load(f); !errors.Is(err, marketops.ConfigInvalid) || b.Decide(release()).Allow && b != nil {
				t.Errorf("got %v, %v", b, err)
			}
		})
	}
}

// Another layout of the same schema is the same schema.
func TestSchemaLayout(t *testing.T) {
	f := folder(t, map[string]string{"a.cedar": permitAll})
	text := string(f[schemaFile].Data)
	f[schemaFile] = &fstest.MapFile{Data: []byte("// mine\n" + strings.ReplaceAll(text, "\n", "\r\n"))}
	if _, err := Load(f); err != nil {
		t.Error(err)
	}
}

// Long chains without brackets must not exhaust anything.
func TestLongPolicies(t *testing.T) {
	for name, condition := range map[string]string{
		"and":      strings.Repeat("true && ", 10_000) + "true",
		"plus":     strings.Repeat("1 + ", 20_000) + "1 > 0",
		"not":      strings.Repeat("!", 60_000) + "true",
		"minus":    strings.Repeat("-", 60_000) + "1 == 1",
		"if":       strings.Repeat("if true then true else ", 5000) + "true",
		"dots":     "context" + strings.Repeat(".common", 15_000) + " == 1",
		"has":      strings.Repeat("context.common has observed && ", 3000) + "true",
		"set":      "[" + strings.Repeat("1, ", 20_000) + "1].contains(1)",
		"contexts": strings.Repeat("context.common.approvals > 0 && ", 3000) + "true",
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Load(folder(t, map[string]string{"p.cedar": fmt.Sprintf(toAny, condition)}))
			if err == nil {
				b.Decide(release())
			} else if !errors.Is(err, marketops.ConfigInvalid) {
				t.Error(err)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"10-permit.cedar", "90-integrity.cedar", "91-observed.cedar"} {
		text, err := fs.ReadFile(Starter(), name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(`forbid (principal, action, resource) when { context.common.approvals + 9223372036854775807 > 0 };`)
	f.Fuzz(func(t *testing.T, text string) {
		b, err := Load(folder(t, map[string]string{"p.cedar": text}))
		if err != nil {
			if !errors.Is(err, marketops.ConfigInvalid) {
				t.Fatal(err)
			}
			return
		}
		for _, facts := range []Facts{release(), tag(), pull()} {
			if d := b.Decide(facts); d.Allow != (d.Code == "") || d.Allow && len(d.Policies) == 0 || !d.Allow && len(d.WhyNot) == 0 {
				t.Fatalf("%q: %+v", text, d)
			}
		}
	})
}
