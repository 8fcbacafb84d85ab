package config

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan"
)

const good = `version: 1
github:
  api: http://127.0.0.1:8080
  uploads: http://127.0.0.1:8080/up
publications:
  - kind: publish_release
    repository: octo-org/widgets
    tag: v1.4.0
    target: main
    name: Widgets 1.4.0
    notes: notes.md
    prerelease: false
    make_latest: "true"
    assets: ["dist/*.tar.gz", {file: dist/a b.zip, name: a-b.zip}]
  - kind: tag_repo
    repository: octo-org/gadgets
    tag: v0.3.1
    target: main
    branch: release/0.3
    message: gadgets 0.3.1
    tagger: {name: Release Bot, email: release@example.com, date: "2026-11-22T10:00:00Z"}
  - kind: open_pr
    repository: octo-org/widgets
    base: main
    head: release/v1.4.0
    title: Prepare 1.4.0
    body: pr.md
    draft: true
    message: |
      prepare

      1.4.0
    changes: [{path: CHANGELOG.md, file: out/CHANGELOG.md}]
`

func TestParse(t *testing.T) {
	f, err := Parse("dir/marketops.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if f.Dir != "dir" || len(f.Publications) != 3 || f.GitHub.API != "http://127.0.0.1:8080/" || f.GitHub.Uploads != "http://127.0.0.1:8080/up/" {
		t.Errorf("got %+v", f)
	}
	if f.GitHub.Host() != "127.0.0.1:8080" || f.GitHub.Token != "env://GITHUB_TOKEN" || f.GitHub.ReadToken != "env://MARKETOPS_READ_TOKEN" {
		t.Errorf("github is %+v", f.GitHub)
	}
	r, g, p := f.Publications[0], f.Publications[1], f.Publications[2]
	if r.Kind != marketops.PublishRelease || r.MakeLatest != "true" || !slices.Equal(r.Assets, []plan.AssetSource{{Pattern: "dist/*.tar.gz"}, {File: "dist/a b.zip", Name: "a-b.zip"}}) || r.Line != 6 || r.Tagger != nil {
		t.Errorf("release is %+v", r)
	}
	if g.Tagger.Date.String() != "2026-11-22T10:00:00Z" || g.Branch != "release/0.3" || g.Line != 15 {
		t.Errorf("tag is %+v", g)
	}
	if p.Changes[0] != (plan.FileChange{Path: "CHANGELOG.md", File: "out/CHANGELOG.md"}) || !p.Draft || p.Message != "prepare\n\n1.4.0\n" {
		t.Errorf("pull request is %+v", p)
	}
}

// TestCA: the certificates of github.ca are read, relative to the file; what holds none is refused.
func TestCA(t *testing.T) {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good.pem": string(cert), "empty.pem": "", "key.pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"m.yaml": "version: 1\ngithub: {ca: ./good.pem}\n", "empty.yaml": "version: 1\ngithub: {ca: empty.pem}\n",
		"key.yaml": "version: 1\ngithub: {ca: key.pem}\n", "absent.yaml": "version: 1\ngithub: {ca: absent.pem}\n", "folder.yaml": "version: 1\ngithub: {ca: .}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Load(filepath.Join(dir, "m.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Certificate().Verify(x509.VerifyOptions{Roots: f.GitHub.Roots, DNSName: "example.com"}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"empty", "key", "absent", "folder"} {
		if _, err := Load(filepath.Join(dir, name+".yaml")); !errors.Is(err, marketops.ConfigInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLoadRoots: what a file names begins at its folder, not at the current folder.
func TestLoadRoots(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(t.TempDir())
	for core, want := range map[string]string{"./core.sock": filepath.Join(dir, "core.sock"), "/run/core.sock": "/run/core.sock", "https://core.example.com": "https://core.example.com"} {
		if err := os.WriteFile(filepath.Join(dir, "m.yaml"), []byte("version: 1\ncore: "+core+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(must(os.Getwd()), filepath.Join(dir, "m.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Load(rel)
		if err != nil || f.Core != want || f.Dir != dir {
			t.Errorf("%s: %+v, %v", core, f, err)
		}
	}
}

func must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

func TestParseMinimal(t *testing.T) {
	f, err := Parse("marketops.yaml", []byte("version: 1\n"))
	if err != nil || f.GitHub != DefaultGitHub() || f.GitHub.Host() != "github.com" || f.Core != "" || f.Dir != "." {
		t.Errorf("got %+v, %v", f, err)
	}
}

// TestExisting: an existing tag has its own commit, message and tagger.
func TestExisting(t *testing.T) {
	f, err := Parse("marketops.yaml", []byte(strings.Replace(good, "    target: main\n    name", "    existing: true\n    name", 1)))
	if err != nil || !f.Publications[0].Existing || f.Publications[1].Existing {
		t.Errorf("%v: %+v", err, f)
	}
}

// Every case is the good file with one change, so each has its control in TestParse.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown top key", "version: 1\n", "version: 1\nmode: prod\n", `marketops.yaml:2: unknown key "mode"`},
		{"unknown key", "    target: main\n    name", "    targets: main\n    name", `:9: unknown key "publications[0].targets"`},
		{"wrong case", "    tag: v1.4.0", "    Tag: v1.4.0", `:8: unknown key`},
		{"key that is a number", "version: 1\n", "version: 1\n1: x\n", `:2: `},
		{"twice", "    tag: v1.4.0", "    tag: v1.4.0\n    tag: v1.4.1", `:9: `},
		{"version absent", "version: 1\n", "", "version is 0"},
		{"version 2", "version: 1", "version: 2", ":1: version is 2"},
		{"version text", "version: 1", `version: "1"`, ":1: version: want a whole number"},
		{"version fraction", "version: 1", "version: 1.5", ":1: version: want a whole number"},
		{"version octal", "version: 1", "version: 01", ":1: version: want a whole number"},
		{"tag as number", "tag: v1.4.0", "tag: 1.10", ":8: publications[0].tag: want text (quote"},
		{"tag as null", "tag: v1.4.0", "tag: null", ":8: publications[0].tag: want text"},
		{"tag as nothing", "tag: v1.4.0", "tag:", ":8: publications[0].tag: want text"},
		{"tag empty", "tag: v1.4.0", `tag: ""`, ":8: publications[0].tag is empty"},
		{"make_latest as bool", `make_latest: "true"`, "make_latest: true", ":13: publications[0].make_latest: want text"},
		{"make_latest legacy", `make_latest: "true"`, "make_latest: legacy", ":13: publications[0].make_latest want"},
		{"make_latest absent", `    make_latest: "true"` + "\n", "", ":6: publications[0].make_latest is required"},
		{"make_latest on a prerelease", "prerelease: false", "prerelease: true", ":13: "},
		{"existing with a target", "    target: main\n    name", "    existing: true\n    target: main\n    name", ":10: publications[0].target does not belong to an existing tag"},
		{"existing as text", "    target: main\n    name", "    existing: \"true\"\n    name", ":9: publications[0].existing: want true or false"},
		{"existing, a tag_repo", "    target: main\n    branch", "    existing: true\n    target: main\n    branch", ":18: publications[1].existing does not belong to tag_repo"},
		{"not existing, no target", "    target: main\n    name", "    existing: false\n    name", "publications[0].target is required"},
		{"prerelease as text", "prerelease: false", "prerelease: no", ":12: publications[0].prerelease: want true or false"},
		{"list as text", `assets: ["dist/*.tar.gz", {file: dist/a b.zip, name: a-b.zip}]`, "assets: dist/*", ":14: publications[0].assets: want a list"},
		{"asset as number", `assets: ["dist/*.tar.gz",`, "assets: [1,", "assets[0]: want text"},
		{"asset as list", `assets: ["dist/*.tar.gz",`, "assets: [[a],", "assets[0]: want text"},
		{"asset without name", `, name: a-b.zip}`, "}", "number 2 needs file and name"},
		{"asset without file", `{file: dist/a b.zip, `, "{", "number 2 needs file and name"},
		{"asset with another member", `name: a-b.zip}`, "name: a-b.zip, label: x}", `unknown key "publications[0].assets[1].label"`},
		{"asset name as number", `name: a-b.zip}`, "name: 1}", "assets[1].name: want text"},
		{"asset that is empty", `["dist/*.tar.gz",`, `["",`, "number 1 is empty"},
		{"kind unknown", "kind: tag_repo", "kind: delete_repo", ":15: publications[1].kind want"},
		{"kind absent", "  - kind: tag_repo\n    repository", "  - repository", "publications[1].kind want"},
		{"member of another kind", "    message: gadgets 0.3.1", "    message: x\n    assets: [a]", ":21: publications[1].assets does not belong to tag_repo"},
		{"false member of another kind", "    message: gadgets 0.3.1", "    message: x\n    draft: false", ":21: publications[1].draft does not belong to tag_repo"},
		{"required absent", "    title: Prepare 1.4.0\n", "", ":22: publications[2].title is required"},
		{"repository", "octo-org/gadgets", "https://github.com/octo-org/gadgets", ":16: publications[1].repository want owner/name"},
		{"id empty", "    message: gadgets 0.3.1", "    message: x\n    id: \"\"", ":21: publications[1].id is empty"},
		{"id unsafe", "    message: gadgets 0.3.1", "    message: x\n    id: a b", ":21: publications[1].id is \"a b\": want"},
		{"after nothing", "    message: gadgets 0.3.1", "    message: x\n    after: []", ":21: publications[1].after is empty"},
		{"after a number", "    message: gadgets 0.3.1", "    message: x\n    after: [1]", "publications[1].after[0]: want text"},
		{"after an unknown id", "    message: gadgets 0.3.1", "    message: x\n    after: [widgets]", ":21: publications[1].after names \"widgets\", which is the id of no publication"},
		{"after itself", "    message: gadgets 0.3.1", "    message: x\n    id: a\n    after: [a]", ":22: publications[1].after names the publication itself"},
		{"tagger without e-mail", "email: release@example.com, ", "", "publications[1].tagger needs"},
		{"tagger date", `"2026-11-22T10:00:00Z"`, `"yesterday"`, "marketops.yaml:"},
		{"message without changes", "    changes: [{path: CHANGELOG.md, file: out/CHANGELOG.md}]\n", "", "message belongs to open_pr only beside changes"},
		{"changes empty", "[{path: CHANGELOG.md, file: out/CHANGELOG.md}]", "[]", "changes is empty"},
		{"change without file", ", file: out/CHANGELOG.md", "", "number 1: needs path and file"},
		{"change mode", "file: out/CHANGELOG.md}", `file: out/CHANGELOG.md, mode: "120000"}`, "number 1: needs path and file"},
		{"anchor", "target: main\n    name", "target: &x main\n    name", ":9: publications[0].target: want text"},
		{"tag of YAML", "target: main\n    name", "target: !!str main\n    name", ":9: publications[0].target: want text"},
		{"merge key", "  - kind: tag_repo", "  - <<: {}\n    kind: tag_repo", "want plain keys"},
		{"two documents", "version: 1\n", "version: 1\n---\nversion: 1\n", "2 documents"},
		{"not a mapping", good, "[]", "want a mapping"},
		{"empty", good, "", "want"},
		{"byte order mark", "version: 1\n", "\ufeffversion: 1\n", "byte-order mark"},
		{"not UTF-8", "Widgets", "Widg\xffets", "not UTF-8"},
		{"too long", "version: 1\n", "version: 1\n# " + strings.Repeat("x", MaxFile) + "\n", "longer than 1048576 bytes"},
		{"flow bomb", "version: 1\n", "version: " + strings.Repeat("[", 1<<19), "nested deeper than 32"},
		{"dash bomb", "version: 1\n", "version:\n  " + strings.Repeat("- ", 1<<18), "nested deeper than 32"},
		{"question bomb", "version: 1\n", strings.Repeat("? ", 1<<18), "nested deeper than 32"},
		{"key bomb", "version: 1\n", strings.Repeat("a: b, ", 1<<15), "more than 20000 lines or keys"},
		{"publication is text", "  - kind: tag_repo", "  - text\n  - kind: tag_repo", "publications[1]: want a mapping"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			if text == good {
				t.Fatal("the case changes nothing")
			}
			refused(t, text, c.want)
		})
	}
}

func refused(t *testing.T, text, want string) {
	t.Helper()
	_, err := Parse("marketops.yaml", []byte(text))
	if !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "marketops.yaml") {
		t.Errorf("got %v, want config-invalid with %q", err, want)
	}
	if err != nil && len(err.Error()) > 600 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}

func TestGitHubAddresses(t *testing.T) {
	for _, c := range []struct{ api, want, host string }{
		{"https://api.github.com", "https://api.github.com/", "github.com"},
		{"https://API.github.com:443/", "https://api.github.com/", "github.com"},
		{"https://ghe.example.com/api/v3", "https://ghe.example.com/api/v3/", "ghe.example.com"},
		{"https://ghe.example.com:8443/api/v3/", "https://ghe.example.com:8443/api/v3/", "ghe.example.com:8443"},
		{"https://api.octo.ghe.com/", "https://api.octo.ghe.com/", "api.octo.ghe.com"},
		{"http://localhost:80/", "http://localhost/", "localhost"},
		{"http://127.1.2.3:9/", "http://127.1.2.3:9/", "127.1.2.3:9"},
	} {
		f, err := Parse("m.yaml", []byte("version: 1\ngithub: {api: \""+c.api+"\", uploads: \""+c.api+"\"}\n"))
		if err != nil || f.GitHub.API != c.want || string(f.GitHub.Host()) != c.host {
			t.Errorf("%s: got %+v, %v", c.api, f, err)
		}
	}
	for _, bad := range []string{
		"", "/", "api.github.com", "http://api.github.com/", "http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://0.0.0.0/",
		"http://[::ffff:127.0.0.1]/", "http://[::1%25lo]/", "http://[::1]:9/", "https://ghe.example.com./", "https://www.github.com/", "https://192.168.1/", "http://10.0.0.1/", "ftp://127.0.0.1/", "https://user:hunter2@ghe.example.com/",
		"https://ghe.example.com/?a=b", "https://ghe.example.com/?", "https://ghe.example.com/#x", "https://ghe.example.com/../x/", "https://ghe.example.com/%2e%2e/",
		"https://ghe.example.com:0/", "https://ghe.example.com:99999/", "https://ghe.example.com:/", "https:///x", "https:x", "unix:///run/x", "http://2130706433/",
	} {
		text := "version: 1\ngithub:\n  api: \"" + bad + "\"\n  uploads: https://uploads.github.com/\n"
		_, err := Parse("m.yaml", []byte(text))
		if !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), "m.yaml:3: github.api") {
			t.Errorf("%s: got %v", bad, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
	if (GitHub{}).Host() != "" || (GitHub{API: "http://evil.example/"}).Host() != "" {
		t.Error("an address that would be refused has a host")
	}
}

// Half a GitHub would send the token or the assets to a place that the file does not name.
func TestGitHubAddressesGoTogether(t *testing.T) {
	refusedAt := "github.api and github.uploads go together"
	for _, half := range []string{"api: https://ghe.example.com/api/v3/", "uploads: https://ghe.example.com/api/uploads/"} {
		text := "version: 1\ngithub: {" + half + "}\n"
		if _, err := Parse("marketops.yaml", []byte(text)); !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), refusedAt) {
			t.Errorf("%s: got %v", half, err)
		}
	}
}

func TestApp(t *testing.T) {
	const app = "app: {id: 12345, installation: 678, key: ./app.pem}"
	parse := func(github string) (*File, error) {
		return Parse("m.yaml", []byte("version: 1\ngithub:\n  "+github+"\n"))
	}
	f, err := parse(app)
	if err != nil || *f.GitHub.App != (App{12345, 678, "./app.pem"}) || f.GitHub.Token != "" || f.GitHub.ReadToken != defaultReadToken {
		t.Fatalf("got %+v, %v", f, err)
	}
	if f, err := parse(strings.Replace(app, "./app.pem", "env://APP_KEY", 1)); err != nil || f.GitHub.App.Key != "env://APP_KEY" {
		t.Errorf("got %+v, %v", f, err)
	}
	for bad, says := range map[string]string{
		app + "\n  token: env://GITHUB_TOKEN":           ":3: github.app and github.token are two write credentials",
		app + "\n  read_token: ./app.pem":               "name one secret",
		"app: {}":                                       "github.app needs id and installation",
		"app: {id: 12345, key: ./app.pem}":              "github.app needs id and installation",
		"app: {installation: 678, key: ./app.pem}":      "github.app needs id and installation",
		"app: {id: 12345, installation: 678}":           ":3: github.app.key: a secret is named",
		"app: ./app.pem":                                ":3: github.app: want a mapping",
		"app: null":                                     ":3: github.app: want a mapping",
		strings.Replace(app, "12345", "\"12345\"", 1):   ":3: github.app.id: want a whole number",
		strings.Replace(app, "12345", "0", 1):           "github.app needs id",
		strings.Replace(app, "12345", "-1", 1):          "github.app.id: want a whole number",
		strings.Replace(app, "./app.pem", canary, 1):    ":3: github.app.key: a secret is named",
		strings.Replace(app, "key: ", "secret: x, ", 1): "unknown key",
	} {
		_, err := parse(bad)
		if !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %v, want %q", bad, err, says)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "marketops.yaml")
	if _, err := Load(path); !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), path) {
		t.Errorf("absent: %v", err)
	}
	if _, err := Load(dir); !errors.Is(err, marketops.ConfigInvalid) {
		t.Errorf("folder: %v", err)
	}
	if err := os.WriteFile(path, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	if f, err := Load(path); err != nil || f.Dir != dir || f.Path != path {
		t.Errorf("got %+v, %v", f, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{good, "version: 1\n", "version: [", "a: &x [*x]", "? a\n: b", "version: 1\n---\n", "version: 1\npublications: [{kind: tag_repo}]\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("marketops.yaml", data)
		if err != nil {
			if !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), "marketops.yaml") {
				t.Fatalf("error without code or file: %v", err)
			}
			return
		}
		if file.Version != 1 || file.GitHub.Host() == "" || file.GitHub.Token == file.GitHub.ReadToken {
			t.Fatalf("accepted %+v", file)
		}
		for _, p := range file.Publications {
			if p.Kind == marketops.PublishRelease && p.MakeLatest == "" {
				t.Fatalf("accepted %+v", p)
			}
		}
		if c, err := ParseCore("core.yaml", data); err == nil && (c.Origin == "" || c.ReceiptLifetime == 0) {
			t.Fatalf("accepted %+v", c)
		}
	})
}
