package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const pushSecret = "secret-token-1"

// running is a server started through the command line, as a script starts it.
type running struct {
	*testing.T
	ready
	file string
	stop context.CancelFunc
	done chan int
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{T: t, file: filepath.Join(t.TempDir(), "ready.json"), done: make(chan int, 1)}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	out, in := io.Pipe()
	args = append([]string{"--token-env", "TOKEN", "--repo", "octo-org/widgets", "--ready-file", r.file}, args...)
	go func() {
		r.done <- dispatch(ctx, args, streams{strings.NewReader(""), in, os.Stderr, environment})
		in.Close()
	}()
	if err := json.NewDecoder(out).Decode(&r.ready); err != nil {
		t.Fatalf("no line of JSON: %v", err)
	}
	t.Cleanup(func() { r.end(0) })
	return r
}

func environment(name string) string {
	return map[string]string{"TOKEN": pushSecret, "READ": "read-token-1"}[name]
}

// end stops the server once and checks its exit code.
func (r *running) end(want int) {
	if r.stop == nil {
		return
	}
	r.stop()
	r.stop = nil
	if code := <-r.done; code != want {
		r.Errorf("exit code %d, want %d", code, want)
	}
}

// run is one subcommand; it returns what it printed and its exit code.
func (r *running) run(args ...string) (string, int) {
	return execute(append(args[:1:1], append([]string{"--admin", r.file}, args[1:]...)...)...)
}

func execute(args ...string) (string, int) {
	var out bytes.Buffer
	code := dispatch(context.Background(), args, streams{strings.NewReader(""), &out, &out, environment})
	return out.String(), code
}

func (r *running) post(path, body string) (int, error) {
	req, err := http.NewRequest("POST", r.API+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+pushSecret)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

func TestStory(t *testing.T) {
	r := start(t)
	if out, code := r.run("wait"); code != 0 {
		t.Fatalf("wait: %d %s", code, out)
	}
	tip, code := execute("repo", "ref", "--admin", r.Admin, "octo-org/widgets", "refs/heads/main")
	tip = strings.TrimSpace(tip)
	if code != 0 || len(tip) != 40 {
		t.Fatalf("main is at %q, exit %d", tip, code)
	}
	if out, code := r.run("fault", "POST /repos/*/*/git/refs reset-after 1"); code != 0 {
		t.Fatalf("fault: %d %s", code, out)
	}
	if out, code := r.run("fault", "--list"); code != 1 || !strings.Contains(out, "reset-after 1") {
		t.Errorf("list: %d %s", code, out)
	}
	body := `{"ref":"refs/tags/v1","sha":"` + tip + `"}`
	if status, err := r.post("repos/octo-org/widgets/git/refs", body); err == nil {
		t.Errorf("the fault did not strike: %d", status)
	}
	if status, err := r.post("repos/octo-org/widgets/git/refs", body); err != nil || status != 422 {
		t.Errorf("the tag does not exist: %d %v", status, err)
	}
	want := "POST /repos/octo-org/widgets/git/refs reset effect fault=reset-after\nPOST /repos/octo-org/widgets/git/refs 422\n"
	if out, code := r.run("requests"); code != 0 || out != want {
		t.Errorf("requests: %d\n%s", code, out)
	}
	if out, code := r.run("effects"); code != 0 || out != "ref-created octo-org/widgets refs/tags/v1 "+tip+"\n" {
		t.Errorf("effects: %d %s", code, out)
	}
	if out, code := r.run("fault", "--list"); code != 0 || out != "" {
		t.Errorf("list: %d %s", code, out)
	}
	if out, code := r.run("violations"); code != 0 || out != "" {
		t.Errorf("violations: %d %s", code, out)
	}
	if status, err := r.post("repos/octo-org/widgets/git/refs", `{"ref":1}`); err != nil || status != 422 {
		t.Errorf("%d %v", status, err)
	}
	if out, code := r.run("violations"); code != 1 || !strings.Contains(out, "git/create-ref") {
		t.Errorf("violations: %d %s", code, out)
	}
	if out, code := r.run("effects", "--json"); code != 0 || !strings.Contains(out, `"kind":"ref-created"`) {
		t.Errorf("json: %d %s", code, out)
	}
}

func TestRepoCommands(t *testing.T) {
	r := start(t)
	steps := []struct {
		args []string
		code int
		out  string
	}{
		{[]string{"add", "octo-org/gadgets,private,id=77"}, 0, "octo-org/gadgets\n"},
		{[]string{"add", "octo-org/gadgets"}, 1, "exists"},
		{[]string{"commit", "--branch", "topic", "--message", "m", "octo-org/gadgets", "a.txt=hello", "b/c.txt=x=y"}, 0, ""},
		{[]string{"commit", "octo-org/gadgets", "-README.md"}, 0, ""},
		{[]string{"commit", "octo-org/gadgets", "100755:run.sh=x", "120000:link=run.sh"}, 0, ""},
		{[]string{"set", "octo-org/gadgets", "truncated", "on"}, 0, "truncated\n"},
		{[]string{"commit", "octo-org/nothing", "a=b"}, 1, "no repository"},
		{[]string{"ref", "octo-org/gadgets", "refs/heads/topic", "-"}, 0, "refs/heads/topic\n"},
		{[]string{"ref", "octo-org/gadgets", "refs/heads/topic"}, 0, "\n"},
		{[]string{"set", "octo-org/gadgets", "archived", "on"}, 0, "archived\n"},
		{[]string{"set", "octo-org/gadgets", "haunted", "on"}, 1, "no setting"},
		{[]string{"rename", "octo-org/gadgets", "octo-org/gears"}, 0, "octo-org/gears\n"},
		{[]string{"ref", "octo-org/gadgets", "refs/heads/main"}, 1, "no repository"},
		{[]string{"set", "octo-org/gears", "archived", "maybe"}, exitUsage, "usage"},
		{[]string{"explode", "octo-org/gears"}, exitUsage, "usage"},
		{[]string{"commit", "octo-org/gears", "no-equals-sign"}, exitUsage, "usage"},
	}
	for _, step := range steps {
		args := append([]string{"repo", step.args[0], "--admin", r.file}, step.args[1:]...)
		if out, code := execute(args...); code != step.code || !strings.Contains(out, step.out) {
			t.Errorf("%v: exit %d, %q", step.args, code, out)
		}
	}
	if out, _ := r.run("requests"); out != "" {
		t.Errorf("work behind the back is in the journal: %s", out)
	}
}

func TestUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"nothing":              {nil, exitUsage, "--token-env is needed"},
		"no repository":        {[]string{"--token-env", "TOKEN"}, exitUsage, "--repo is needed"},
		"a stray word":         {[]string{"--token-env", "TOKEN", "--repo", "o/r", "stray"}, exitUsage, "stray"},
		"no name":              {[]string{"--token-env", "TOKEN", "--repo", "widgets"}, exitUsage, "OWNER/NAME"},
		"an odd property":      {[]string{"--token-env", "TOKEN", "--repo", "o/r,haunted"}, exitUsage, "haunted"},
		"an empty token":       {[]string{"--token-env", "UNSET", "--repo", "o/r"}, exitError, "UNSET is empty"},
		"another machine":      {[]string{"--token-env", "TOKEN", "--repo", "o/r", "--listen-api", "0.0.0.0:0"}, exitError, "not a loopback"},
		"an open admin":        {[]string{"--token-env", "TOKEN", "--repo", "o/r", "--listen-admin", ":0"}, exitError, "not a loopback"},
		"a broken clock":       {[]string{"--token-env", "TOKEN", "--repo", "o/r", "--clock", "noon"}, exitError, "--clock"},
		"help":                 {[]string{"--help"}, 0, "usage: serve"},
		"help of fault":        {[]string{"fault", "--help"}, 0, "reset-after"},
		"no admin":             {[]string{"requests"}, exitError, "--admin is needed"},
		"no such file":         {[]string{"requests", "--admin", "/nonexistent"}, exitError, "nonexistent"},
		"which fault":          {[]string{"fault", "--admin", "http://127.0.0.1:1"}, exitUsage, "which fault"},
		"which action":         {[]string{"repo"}, exitUsage, "which action"},
		"an App without a key": {[]string{"--token-env", "TOKEN", "--repo", "o/r", "--app", "1", "--app-key", "/nonexistent"}, exitError, "--app-key"},
		"waiting in vain":      {[]string{"wait", "--admin", "/nonexistent", "--for", "30ms"}, exitError, "not ready"},
	} {
		if out, code := execute(c.args...); code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit %d: %s", name, code, out)
		}
	}
}

func TestStdinEndsTheServer(t *testing.T) {
	r := start(t, "--until-stdin-closes") // the test's stdin is empty
	if code := <-r.done; code != 0 {
		t.Errorf("exit code %d", code)
	}
	r.done <- 0 // for the clean-up
}

func TestFlagsReachTheServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	r := start(t, "--dir", dir, "--clock", "2026-03-04T05:06:07Z", "--limit", "9", "--read-token-env", "READ",
		"--commits", "4", "--login", "robot", "--repo", "octo-org/solid,immutable")
	get := func(path, token string) (http.Header, map[string]any) {
		req, _ := http.NewRequest("GET", r.API+path, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var body map[string]any
		_ = json.NewDecoder(res.Body).Decode(&body)
		return res.Header, body
	}
	h, user := get("user", pushSecret)
	if user["login"] != "robot" || h.Get("Date") != "Wed, 04 Mar 2026 05:06:07 GMT" || h.Get("X-RateLimit-Limit") != "9" {
		t.Errorf("%v, %v", user["login"], h)
	}
	if _, user := get("user", "read-token-1"); user["login"] != "reader" {
		t.Errorf("read token is %v", user["login"])
	}
	if _, setting := get("repos/octo-org/solid/immutable-releases", pushSecret); setting["enabled"] != true {
		t.Errorf("immutable: %v", setting)
	}
	if _, list := get("repos/octo-org/widgets/compare/main...main", pushSecret); list["status"] != "identical" {
		t.Errorf("compare: %v", list)
	}
	r.end(0)
	if _, err := os.Stat(filepath.Join(dir, "git")); err != nil {
		t.Error("a directory of the caller's was removed")
	}
}

// The App's flags reach the server: a JWT of nobody is refused, and nothing was minted.
func TestAppFlags(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "app.pub")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	r := start(t, "--app", "12345", "--app-installation", "678", "--app-key", path)
	if status, err := r.post("app/installations/678/access_tokens", "{}"); err != nil || status != 401 {
		t.Errorf("a token minted a token: %d %v", status, err)
	}
	if out, code := r.run("minted"); code != 0 || out != "" {
		t.Errorf("minted: %d %s", code, out)
	}
}
