package marketops

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

var (
	sha  = strings.Repeat("3b1f9c2a", 5)
	tree = strings.Repeat("a0b1c2d3", 5)
)

func target() Target { return Target{"github", "github.com", 1296269, "octo-org/widgets"} }

func tagOp() Operation {
	o := NewOperation(TagRepo, target())
	o.Tag = &Tag{Name: "v0.3.1", Commit: sha, Tree: tree, Message: "gadgets 0.3.1", Tagger: Person{"Release Bot", "release@example.com", 1_790_000_000}}
	return o
}

func releaseOp() Operation {
	o := tagOp()
	o.Kind = PublishRelease
	o.Release = &Release{Name: "Widgets 1.4.0", Body: "Notes — with <html> & ü", MakeLatest: "true",
		Assets: []Asset{{"a.tar.gz", 3, DigestOf([]byte("abc")), "application/gzip"}, {"b.txt", 1, DigestOf([]byte("b")), "text/plain"}}}
	return o
}

func prOp() Operation {
	o := NewOperation(OpenPR, target())
	o.PullRequest = &PullRequest{Base: Ref{"main", sha}, Head: Ref{"release/v1", tree}, Title: "Prepare", Body: "text"}
	return o
}

// onTagOp is a release for a tag that is there; afterTagOp one for a tag that an operation of the same plan makes.
func onTagOp() Operation {
	o := releaseOp()
	o.Tag = &Tag{Name: "v0.3.1", Commit: sha, Tree: tree, Existing: &Existing{Object: strings.Repeat("4", 40), Type: "tag"}}
	return o
}

func afterTagOp() Operation {
	o, made := releaseOp(), tagOp()
	digest, _ := made.Digest()
	o.Tag.Existing = &Existing{After: digest}
	return o
}

// TestDocumentGolden freezes the bytes: whoever changes them changes what old receipts bind.
func TestDocumentGolden(t *testing.T) {
	for name, op := range map[string]Operation{"tag_repo": tagOp(), "publish_release": releaseOp(), "open_pr": prOp(),
		"publish_release-existing": onTagOp(), "publish_release-after": afterTagOp()} {
		doc, err := op.Document()
		if err != nil {
			t.Fatal(name, err)
		}
		path := "testdata/operation/" + name + ".json"
		if *update {
			os.MkdirAll("testdata/operation", 0o755)
			os.WriteFile(path, doc, 0o644)
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(doc, want) {
			t.Errorf("%s differs from its golden: %s (%v)", name, doc, err)
		}
		again, err := ParseOperation(doc)
		if err != nil {
			t.Fatal(name, err)
		}
		if d1, _ := op.Digest(); d1 != DigestOf(doc) {
			t.Error(name, "digest is not that of the document")
		} else if d2, _ := again.Digest(); d1 != d2 {
			t.Error(name, "did not survive the way there and back")
		}
	}
}

func TestOperationRefusesWhatGitHubWouldShowOtherwise(t *testing.T) {
	for _, tc := range []struct {
		name string
		code Code
		edit func(*Operation)
	}{
		{"control", "", func(*Operation) {}},
		{"kind", KindMismatch, func(o *Operation) { o.Kind = "publish" }},
		{"no target", RepositoryMismatch, func(o *Operation) { o.Target = Target{} }},
		{"look-alike owner", NameUnsafe, func(o *Operation) { o.Target.FullName = "octо-org/widgets" }},
		{"path in name", NameUnsafe, func(o *Operation) { o.Target.FullName = "octo-org/../x" }},
		{"short SHA", OperationMismatch, func(o *Operation) { o.Tag.Commit = sha[:7] }},
		{"upper-case SHA", OperationMismatch, func(o *Operation) { o.Tag.Commit = strings.ToUpper(sha) }},
		{"tag like a SHA", NameUnsafe, func(o *Operation) { o.Tag.Name = sha }},
		{"tag with dots", NameUnsafe, func(o *Operation) { o.Tag.Name = "v1..2" }},
		{"tag lock", NameUnsafe, func(o *Operation) { o.Tag.Name = "v1.lock" }},
		{"message CR", NameUnsafe, func(o *Operation) { o.Tag.Message = "a\r\nb" }},
		{"message trailing space", NameUnsafe, func(o *Operation) { o.Tag.Message = "a \nb" }},
		{"message marker", NameUnsafe, func(o *Operation) { o.Tag.Message = "a\n\nMarketops-Operation: x" }},
		{"body marker", NameUnsafe, func(o *Operation) { o.Release.Body = "a <!-- Marketops op=sha256:00 -->" }},
		{"body bidi", NameUnsafe, func(o *Operation) { o.Release.Body = "a\u202eb" }},
		{"body escape", NameUnsafe, func(o *Operation) { o.Release.Body = "a\x1b[2Jb" }},
		{"body end", NameUnsafe, func(o *Operation) { o.Release.Body = "a\n" }},
		{"body too long", NameUnsafe, func(o *Operation) { o.Release.Body = strings.Repeat("ü", MaxRelease+1) }},
		{"longest body", "", func(o *Operation) { o.Release.Body = strings.Repeat("ü", MaxRelease) }},
		{"asset path", AssetUnsafe, func(o *Operation) { o.Release.Assets[0].Name = "../a" }},
		{"asset twice", AssetUnsafe, func(o *Operation) { o.Release.Assets[1].Name = "a.tar.gz" }},
		{"asset order", AssetUnsafe, func(o *Operation) { o.Release.Assets[0].Name = "c" }},
		{"asset empty", AssetUnsafe, func(o *Operation) { o.Release.Assets[0].Size = 0 }},
		{"latest unset", OperationMismatch, func(o *Operation) { o.Release.MakeLatest = "" }},
		{"latest prerelease", OperationMismatch, func(o *Operation) { o.Release.Prerelease = true }},
		{"no release", OperationMismatch, func(o *Operation) { o.Release = nil }},
		{"tagger", NameUnsafe, func(o *Operation) { o.Tag.Tagger.Email = "a b@c" }},
		{"future marker", OperationMismatch, func(o *Operation) { o.Marker = 2 }},
	} {
		o := releaseOp()
		tc.edit(&o)
		_, err := o.Digest()
		if tc.code == "" && err != nil || tc.code != "" && !errors.Is(err, tc.code) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.code)
		}
	}
}

// TestExistingTagIsBoundWhole: an existing tag is bound by its object, or by the operation that makes it, and by nothing half.
func TestExistingTagIsBoundWhole(t *testing.T) {
	for name, tc := range map[string]struct {
		op   func() Operation
		edit func(*Operation)
		ok   bool
	}{
		"control: annotated":          {onTagOp, func(*Operation) {}, true},
		"control: lightweight":        {onTagOp, func(o *Operation) { *o.Tag.Existing = Existing{Object: sha, Type: "commit"} }, true},
		"control: made by the plan":   {afterTagOp, func(*Operation) {}, true},
		"nothing":                     {onTagOp, func(o *Operation) { *o.Tag.Existing = Existing{} }, false},
		"no type":                     {onTagOp, func(o *Operation) { o.Tag.Existing.Type = "" }, false},
		"another type":                {onTagOp, func(o *Operation) { o.Tag.Existing.Type = "tree" }, false},
		"short object":                {onTagOp, func(o *Operation) { o.Tag.Existing.Object = sha[:7] }, false},
		"object of another length":    {onTagOp, func(o *Operation) { o.Tag.Existing.Object = strings.Repeat("4", 64) }, false},
		"commit at another object":    {onTagOp, func(o *Operation) { o.Tag.Existing.Type = "commit" }, false},
		"tag object that is a commit": {onTagOp, func(o *Operation) { o.Tag.Existing.Object = sha }, false},
		"a message":                   {onTagOp, func(o *Operation) { o.Tag.Message = "m" }, false},
		"a tagger":                    {onTagOp, func(o *Operation) { o.Tag.Tagger = tagOp().Tag.Tagger }, false},
		"object and maker":            {afterTagOp, func(o *Operation) { o.Tag.Existing.Object, o.Tag.Existing.Type = strings.Repeat("4", 40), "tag" }, false},
		"another maker":               {afterTagOp, func(o *Operation) { o.Tag.Existing.After = DigestOf([]byte("x")) }, false},
		"maker of another commit":     {afterTagOp, func(o *Operation) { o.Tag.Commit = tree }, false},
		"maker with other words":      {afterTagOp, func(o *Operation) { o.Tag.Message = "other" }, false},
		"maker in another repository": {afterTagOp, func(o *Operation) { o.Target.RepositoryID++ }, false},
		"maker without a message":     {afterTagOp, func(o *Operation) { o.Tag.Message = "" }, false},
		"tag_repo":                    {tagOp, func(o *Operation) { o.Tag.Existing = &Existing{Object: strings.Repeat("4", 40), Type: "tag"} }, false},
	} {
		o := tc.op()
		tc.edit(&o)
		if _, err := o.Digest(); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyIsTheResourceNotTheContent(t *testing.T) {
	a, b, c, d := tagOp(), releaseOp(), tagOp(), prOp()
	c.Target.RepositoryID++
	ka, _ := a.Key()
	kb, _ := b.Key()
	kc, _ := c.Key()
	kd, _ := d.Key()
	if ka != kb || ka == kc || ka == kd {
		t.Error("a tag and a release on it take one resource; another repository or kind of resource another")
	}
}

func TestMarkerEndsWhatGitHubShows(t *testing.T) {
	o := releaseOp()
	d, _ := o.Digest()
	body, _ := o.ReleaseBody()
	msg, _ := o.TagMessage()
	if len(body) != len(o.Release.Body)+MarkerLen || body != o.Release.Body+"\n\n<!-- marketops op="+d.String()+" -->" || msg != o.Tag.Message+"\n\nMarketops-Operation: "+d.String()+"\n" {
		t.Errorf("body %q, message %q", body, msg)
	}
}

func FuzzParseOperation(f *testing.F) {
	for _, o := range []Operation{tagOp(), releaseOp(), prOp(), onTagOp(), afterTagOp()} {
		doc, _ := o.Document()
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		o, err := ParseOperation(in)
		if err != nil {
			return
		}
		if out, err := o.Document(); err != nil || !bytes.Equal(in, out) {
			t.Fatalf("%q came back as %q, %v", in, out, err)
		}
	})
}
