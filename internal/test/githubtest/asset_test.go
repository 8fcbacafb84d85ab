package githubtest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestUpload(t *testing.T) {
	s := newStage(t)
	id := s.draft("v1")
	got := s.upload(id, "widget.tar.gz", "bytes")
	if got.status != 201 || got.json["digest"] != "sha256:"+sha256hex("bytes") || got.json["state"] != "uploaded" || got.json["size"] != 5.0 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	again := s.upload(id, "widget.tar.gz", "other")
	if again.status != 422 || problemsOf(again) != "ReleaseAsset/name/already_exists/" {
		t.Errorf("a second time: %d %s", again.status, again.raw)
	}
	asset := int64(got.json["id"].(float64))
	path := fmt.Sprintf("%s/releases/assets/%d", repoPath, asset)
	if back := s.ask(pushSecret, "GET", path, nil); back.json["digest"] != got.json["digest"] {
		t.Errorf("read back %s", back.raw)
	}
	if stranger := s.ask(readSecret, "GET", path, nil); stranger.status != 404 {
		t.Errorf("the asset of a draft is visible: %d", stranger.status)
	}
	if gone := s.ask(pushSecret, "DELETE", path, nil); gone.status != 204 {
		t.Errorf("delete: %d", gone.status)
	}
	if back := s.ask(pushSecret, "GET", path, nil); back.status != 404 {
		t.Errorf("after deletion: %d", back.status)
	}
	if free := s.upload(id, "widget.tar.gz", "other"); free.status != 201 {
		t.Errorf("the name is not free again: %d", free.status)
	}
	s.lawful()
}

func TestAssetNamesAreRewritten(t *testing.T) {
	s := newStage(t)
	id := s.draft("v1")
	for name, want := range map[string]string{
		"plain-1.0_x.tar.gz": "plain-1.0_x.tar.gz", "with space.zip": "with.space.zip",
		"a (1).txt": "a.1.txt", ".hidden": "default.hidden", "trailing.": "default.trailing", "größe.bin": "gro.e.bin",
		"tobwen-1.1.0-1~buster_amd64.deb": "tobwen-1.1.0-1.buster_amd64.deb", "hello-world-5.0.0+master.001.tar.gz": "hello-world-5.0.0+master.001.tar.gz",
		"a5_ð_æ_©_ŋ.txt": "a5_d_ae_._ng.txt", "erick@2.txt": "erick@2.txt", "a..b": "a.b", "📄.pdf": "default.pdf", "茶话室-0.1.2.dmg": "-0.1.2.dmg", "名前": "default",
	} {
		if got := s.upload(id, url.QueryEscape(name), "x"); got.status != 201 || got.json["name"] != want {
			t.Errorf("%q became %v (%d), want %q", name, got.json["name"], got.status, want)
		}
	}
	s.lawful()
}

func TestUploadRefusals(t *testing.T) {
	s := newStage(t)
	id := s.draft("v1")
	if got := s.upload(id, "empty.bin", ""); got.status != 400 || got.json["message"] != "Bad Content-Length" {
		t.Errorf("empty: %d %s", got.status, got.raw)
	}
	if got := s.upload(id+999, "a.bin", "x"); got.status != 404 {
		t.Errorf("no such release: %d", got.status)
	}
	if got := s.ask(readSecret, "POST", s.assetURL(id, "a.bin"), []byte("x")); got.status != 403 {
		t.Errorf("without push: %d", got.status)
	}
	req, _ := http.NewRequest("POST", s.assetURL(id, "a.bin"), bytes.NewReader([]byte("x")))
	req.Header.Set("Authorization", "Bearer "+pushSecret)
	if got, err := read(req); err != nil || got.status != 422 || problemsOf(got) != "ReleaseAsset/content_type/missing_field/" {
		t.Errorf("no media type: %d %s %v", got.status, got.raw, err)
	}
	req, _ = http.NewRequest("POST", s.assetURL(id, "a.bin"), struct{ *bytes.Reader }{bytes.NewReader([]byte("x"))})
	req.Header.Set("Authorization", "Bearer "+pushSecret)
	if got, err := read(req); err != nil || got.status != 400 {
		t.Errorf("no length: %d %v", got.status, err)
	}
	if got := s.upload(id, "a.bin", "x"); got.status != 201 {
		t.Errorf("control: %d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestUploadHasItsOwnOrigin(t *testing.T) {
	s := newStage(t)
	id := s.draft("v1")
	release := s.ask(pushSecret, "GET", s.releasePath(id), nil)
	if got := release.json["upload_url"]; got != s.srv.Uploads()+"repos/octo-org/widgets/releases/"+itoa(id)+"/assets{?name,label}" {
		t.Errorf("upload_url %v", got)
	}
	if got := s.ask(pushSecret, "POST", s.releasePath(id)+"/assets?name=a", []byte("x")); got.status != 404 {
		t.Errorf("the API took an upload: %d", got.status)
	}
	if got := s.ask(pushSecret, "GET", s.srv.Uploads()+"repos/octo-org/widgets", nil); got.status != 404 {
		t.Errorf("the uploads origin answered the API: %d", got.status)
	}
	if got := len(s.srv.SchemaViolations()); got != 2 {
		t.Errorf("%d violations for two requests at the wrong origin", got)
	}
}

// TestDownload follows the redirect to the store, once as it should be and once as the
// leak it must show.
func TestDownload(t *testing.T) {
	s := newStage(t)
	id := s.draft("v1")
	asset := int64(s.upload(id, "a.bin", "bytes").json["id"].(float64))
	req, _ := http.NewRequest("GET", fmt.Sprintf("%srepos/octo-org/widgets/releases/assets/%d", s.srv.API(), asset), nil)
	req.Header.Set("Authorization", "Bearer "+pushSecret)
	req.Header.Set("Accept", "application/octet-stream")
	got, err := read(req)
	if err != nil || got.status != 302 {
		t.Fatalf("%d %v", got.status, err)
	}
	where := got.header.Get("Location")
	if !strings.HasPrefix(where, s.srv.Store()) || strings.HasPrefix(where, s.srv.API()) {
		t.Fatalf("redirected to %s", where)
	}
	if data := s.ask("", "GET", where, nil); string(data.raw) != "bytes" {
		t.Errorf("bytes %q", data.raw)
	}
	if data := s.ask("", "GET", where[:len(where)-1]+"x", nil); data.status != 403 {
		t.Errorf("a forged signature: %d", data.status)
	}
	s.ask(pushSecret, "GET", where, nil)
	var seen []string
	for _, r := range s.srv.Requests() {
		if r.Host == "store" {
			seen = append(seen, string(r.Auth))
		}
	}
	if fmt.Sprint(seen) != "[none none right]" {
		t.Errorf("the store saw %v", seen)
	}
	s.lawful()
}

func TestWebPages(t *testing.T) {
	s := newStage(t)
	id := s.draft("@rel/v1+b")
	s.upload(id, url.QueryEscape("a+b@c.bin"), "bytes")
	page := s.srv.Store() + "octo-org/widgets/releases/tag/%40rel%2Fv1%2Bb"
	if got := s.ask("", "GET", page, nil); got.status != 404 {
		t.Errorf("a draft has a page: %d", got.status)
	}
	published := s.publish(id)
	if published.json["html_url"] != page {
		t.Errorf("html_url %v", published.json["html_url"])
	}
	if got := s.ask("", "GET", page, nil); got.status != 200 || !strings.Contains(string(got.raw), sha256hex("bytes")) {
		t.Errorf("%d %s", got.status, got.raw)
	}
	asset := published.json["assets"].([]any)[0].(map[string]any)
	if want := s.srv.Store() + "octo-org/widgets/releases/download/%40rel%2Fv1%2Bb/a%2Bb%40c.bin"; asset["browser_download_url"] != want {
		t.Errorf("download address %v", asset["browser_download_url"])
	}
	if got := s.ask("", "GET", asset["browser_download_url"].(string), nil); string(got.raw) != "bytes" {
		t.Errorf("download: %d %q", got.status, got.raw)
	}
	s.lawful()
}
