package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAssetNames: a file is published under its own name or under the one that it is given, which no pattern takes then. A name
// that GitHub would change is refused with what it would become.
func TestAssetNames(t *testing.T) {
	f := newFixture(t)
	f.write("dist/My App.tar.gz", "app")
	f.release().Assets = append(f.release().Assets, AssetSource{File: "./dist/My App.tar.gz", Name: "my-app+1@x.tar.gz"})
	r := f.planned()
	files := r.Sources.Operations[0].Files
	if len(files) != 4 || files[1] != (File{Name: "my-app+1@x.tar.gz", Path: "dist/My App.tar.gz"}) || r.Operations[0].Release.Assets[1].Name != files[1].Name {
		t.Fatalf("%+v, %+v", files, r.Operations[0].Release.Assets)
	}
	if got := read(t, content(t, r, 1)[1]); got != "app" {
		t.Errorf("published would be %q", got)
	}
	other := t.TempDir() // files elsewhere are found under either name
	for _, name := range []string{"My App.tar.gz", "my-app+1@x.tar.gz"} {
		again := f.planned()
		if err := os.WriteFile(filepath.Join(other, name), []byte("app"), 0o600); err != nil {
			t.Fatal(err)
		}
		again.UseAssets(other)
		if got := read(t, content(t, again, 1)[1]); got != "app" {
			t.Errorf("%s: %q", name, got)
		}
		os.Remove(filepath.Join(other, name))
	}
	for _, c := range []struct {
		source      AssetSource
		reason, fix string
	}{
		{AssetSource{Pattern: "dist/My*"}, `GitHub would rename it to "My.App.tar.gz"`, `publish it under another name: {file: "dist/My App.tar.gz", name: My.App.tar.gz} under assets`},
		{AssetSource{File: "dist/My App.tar.gz", Name: "My App.tar.gz"}, `GitHub would rename it to "My.App.tar.gz"`, `{file: "dist/My App.tar.gz", name: My.App.tar.gz}`},
		{AssetSource{File: "dist/My App.tar.gz", Name: "-x"}, `begins with "-"`, "name: x}"},
		{AssetSource{File: "dist/My App.tar.gz", Name: "a/b"}, `GitHub would rename it to "a.b"`, "name: a.b}"},
		{AssetSource{File: "dist/My App.tar.gz", Name: "sha256sums"}, "would have one name", "rename"},
		{AssetSource{File: "dist/*", Name: "x"}, `"dist/*"`, ""},
		{AssetSource{File: "../x", Name: "x"}, "leaves the folder", "relative to marketops.yaml"},
		{AssetSource{File: "/etc/hosts", Name: "x"}, "leaves the folder", "relative to marketops.yaml"},
	} {
		f := newFixture(t)
		f.write("dist/My App.tar.gz", "app")
		f.release().Assets = append(patterns("dist/SHA256SUMS"), c.source)
		r, err := f.run(f.options())
		if r == nil {
			t.Fatal(err)
		}
		if len(r.Plan.Rejected) != 1 || !strings.Contains(r.Plan.Rejected[0].Reason, c.reason) || !strings.Contains(r.Plan.Rejected[0].Remedy, c.fix) {
			t.Errorf("%+v: %+v", c.source, r.Plan.Rejected)
		}
	}
	f = newFixture(t)
	f.release().Assets = []AssetSource{{File: "dist/SHA256SUMS", Name: "a"}, {File: "./dist/SHA256SUMS", Name: "b"}}
	if r, _ := f.run(f.options()); r == nil || len(r.Plan.Rejected) != 1 || !strings.Contains(r.Plan.Rejected[0].Reason, "named twice") {
		t.Error("one file under two names passes")
	}
}
