package main

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// asProgram makes the test's binary the program itself, in a process of its own.
const asProgram = "MARKETOPS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// canary is in the shape of a token.
const canary = "gh" + "p_c4n4ryC4n4ryc4n4ryC4n4ryc4n4ryC4n4"

const godebugPlan = `version: 1
github:
  api: URL/
  uploads: URL/
  ca: ca.pem
publications:
  - kind: tag_repo
    repository: octo-org/gadgets
    tag: v0.3.1
    target: main
    message: gadgets 0.3.1
    tagger: {name: Release Bot, email: release@example.com}
`

// TestGodebugPrintsNoToken: net/http prints every header of HTTP/2 if the environment asks it to. The program shows a
// GitHub that speaks both protocols its token, and to no other server.
func TestGodebugPrintsNoToken(t *testing.T) {
	var shown atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), canary) {
			shown.Add(1)
		}
		http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"marketops.yaml": strings.ReplaceAll(godebugPlan, "URL", server.URL),
		"ca.pem":         string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(debug string, args ...string) string {
		c := exec.Command(os.Args[0], args...)
		c.Dir = dir
		c.Env = append(os.Environ(), asProgram+"=1", "GODEBUG="+debug, "MARKETOPS_READ_TOKEN="+canary, "MARKETOPS_PASSWORD=password", "HOME="+dir)
		out, _ := c.CombinedOutput()
		return string(out)
	}
	said := run("", "init", "--origin", "log.example.com", "--person", "bob", "--approver", "alice", "--host", strings.TrimPrefix(server.URL, "https://"))
	for i, debug := range []string{"", "http2debug=1", "http2debug=2", "http2debug=2,http2client=1", "netdns=2,http2debug=2"} {
		shown.Store(0)
		out := run(debug, "plan", "-c", "marketops.yaml", "-o", fmt.Sprint("run", i))
		if shown.Load() == 0 {
			t.Fatalf("%q: the token was not used:\n%s\n%s", debug, said, out)
		}
		if strings.Contains(out, canary) || strings.Contains(out, "http2:") {
			t.Errorf("%q: it was printed:\n%s", debug, out)
		}
	}
}
