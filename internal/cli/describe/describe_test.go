package describe_test

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/describe"
	"github.com/omega/marketops/plan/document"
)

// fixed are members that say nothing of what GitHub will show: what every document has, what decides which
// other members there are, and what is reserved.
var fixed = []string{"Schema", "Marker", "Kind", "Target.Type", "Tag.Existing"}

// operations are one of each form.
func operations() map[string]marketops.Operation {
	target := marketops.Target{Type: "github", Host: "ghe.example.com:8443", RepositoryID: 70707, FullName: "octo-org/widgets"}
	person := marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: 1_772_366_400}
	tag := marketops.NewOperation(marketops.TagRepo, target)
	tag.Tag = &marketops.Tag{Name: "v1.4.0", Commit: strings.Repeat("1a", 20), Tree: strings.Repeat("2b", 20), Message: "line one\n\nline three", Tagger: person}
	release := tag
	release.Kind = marketops.PublishRelease
	release.Release = &marketops.Release{Name: "Widgets 1.4.0", Body: "What is new\n\n- all", MakeLatest: "false",
		Assets: []marketops.Asset{{Name: "a.tar.gz", Size: 31, SHA256: marketops.DigestOf([]byte("a")), ContentType: "application/gzip"}, {Name: "b.txt", Size: 47, SHA256: marketops.DigestOf([]byte("b")), ContentType: "text/plain"}}}
	pull := marketops.NewOperation(marketops.OpenPR, target)
	pull.PullRequest = &marketops.PullRequest{Base: marketops.Ref{Branch: "main", SHA: strings.Repeat("3c", 20)}, Head: marketops.Ref{Branch: "next", SHA: strings.Repeat("4d", 20)}, Title: "Prepare 1.5", Body: "Please read", Draft: true}
	change := pull
	p := *pull.PullRequest
	p.Head.SHA = ""
	p.Changes = &marketops.ChangeSet{Message: "replace the registry", Author: person,
		BaseTree: strings.Repeat("5e", 20), Tree: strings.Repeat("6f", 20),
		Changes: []marketops.Change{{Path: ".npmrc", Mode: "100755", Size: 53, SHA256: marketops.DigestOf([]byte("c")), Blob: strings.Repeat("8b", 20)},
			{Path: "run.sh", Mode: "100644", Size: 54, SHA256: marketops.DigestOf([]byte("d")), Blob: strings.Repeat("9c", 20),
				Before: &marketops.Before{Mode: "100755", Blob: strings.Repeat("1a", 20)}}}}
	change.PullRequest = &p
	return map[string]marketops.Operation{"tag": tag, "release": release, "pull request": pull, "change set": change}
}

// TestEveryMember: a person sees all that a document says. A member that is added to a document fails here
// until it is shown, because another value of it must show in another text.
func TestEveryMember(t *testing.T) {
	for name, op := range operations() {
		before, tried := shown(t, op), 0
		each(reflect.ValueOf(&op).Elem(), "", func(path string, v reflect.Value) {
			if isFixed(path) || v.Kind() == reflect.String && v.Len() == 0 {
				return
			}
			old := reflect.ValueOf(v.Interface())
			defer v.Set(old)
			for _, other := range others(v) {
				v.Set(other)
				if _, err := op.Digest(); err != nil {
					continue // not a document
				}
				if tried++; withoutDigest(shown(t, op)) == withoutDigest(before) {
					t.Errorf("%s: %s is not shown:\n%s", name, path, before)
				}
				return
			}
			t.Errorf("%s: no other value of %s", name, path)
		})
		if tried < 8 {
			t.Errorf("%s: %d members were changed", name, tried)
		}
	}
}

func isFixed(path string) bool {
	return slices.ContainsFunc(fixed, func(f string) bool { return path == "."+f || strings.HasPrefix(path, "."+f+".") })
}

// TestMarker: the texts are shown as GitHub will hold them.
func TestMarker(t *testing.T) {
	for name, op := range operations() {
		d, _ := op.Digest()
		text := shown(t, op)
		for _, want := range []string{string(op.Kind), d.String()} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not show %s:\n%s", name, want, text)
			}
		}
		if n := strings.Count(text, d.Hex()); n < 2 {
			t.Errorf("%s shows no marker:\n%s", name, text)
		}
	}
}

// TestNothingLooksLikeOurs: no line of a text can be taken for a line of the view.
func TestNothingLooksLikeOurs(t *testing.T) {
	op := operations()["tag"]
	op.Tag.Message = "x\n\noperation 2: open_pr on octo-org/gadgets\n  digest   sha256:00"
	if n := strings.Count(shown(t, op), "\noperation "); n != 1 {
		t.Errorf("%d operations are shown", n)
	}
}

// TestAfter: people see what an operation comes after.
func TestAfter(t *testing.T) {
	var b strings.Builder
	first := document.Operation{Number: 1, Kind: marketops.TagRepo, Repository: "octo-org/gadgets", Resource: "refs/tags/v0.3.1"}
	if err := describe.Operation(&cli.Streams{Out: &b, Err: io.Discard}, 2, operations()["release"], first); err != nil {
		t.Fatal(err)
	}
	if want := "\n  after    operation 1 (tag_repo octo-org/gadgets refs/tags/v0.3.1)\n"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is not in\n%s", want, b.String())
	}
}

func shown(t *testing.T, op marketops.Operation) string {
	t.Helper()
	var b strings.Builder
	s := &cli.Streams{Out: &b, Err: io.Discard}
	if err := describe.Operation(s, 1, op); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// withoutDigest drops the lines that change with every member.
func withoutDigest(text string) string {
	var out []string
	for l := range strings.Lines(text) {
		if !strings.Contains(l, "  digest") && !strings.Contains(l, "op=sha256:") && !strings.Contains(l, "Marketops-Operation:") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "")
}

// each visits the members that are no structs.
func each(v reflect.Value, path string, visit func(string, reflect.Value)) {
	switch {
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			each(v.Elem(), path, visit)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			each(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case v.Kind() == reflect.Slice && v.Type() != reflect.TypeFor[marketops.Digest]():
		for i := range v.Len() {
			each(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	default:
		visit(path, v)
	}
}

// others are other values; one of them a document may have too.
func others(v reflect.Value) (out []reflect.Value) {
	add := func(x any) { out = append(out, reflect.ValueOf(x).Convert(v.Type())) }
	switch x := v.Interface().(type) {
	case marketops.Digest:
		x[0] ^= 1
		add(x)
	case bool:
		add(!x)
	case marketops.Time, int, int64:
		add(v.Int() + 1)
	default:
		for _, text := range otherTexts(v.String()) {
			add(text)
		}
	}
	return out
}

func otherTexts(s string) []string {
	out := slices.DeleteFunc([]string{"100644", "100755", "true"}, func(other string) bool { return other == s })
	for i := range s {
		for _, c := range "7fy" {
			if b := []byte(s); b[i] != byte(c) {
				b[i] = byte(c)
				out = append(out, string(b))
			}
		}
	}
	return out
}

// TestHiddenText: who approves is warned of what is invisible in a text, and sees it.
func TestHiddenText(t *testing.T) {
	op := operations()["release"]
	if text := shown(t, op); strings.Contains(text, "warning") {
		t.Error(text)
	}
	op.Release.Body += "\u200bmore <!-- less -->"
	if text := shown(t, op); strings.Count(text, "  warning ") != 2 || !strings.Contains(text, `\u200bmore`) {
		t.Error(text)
	}
}
