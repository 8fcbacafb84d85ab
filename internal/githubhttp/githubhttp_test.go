package githubhttp

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTransport(t *testing.T) {
	if tr := NewTransport(nil); tr.Proxy != nil || tr.TLSClientConfig.MinVersion < 0x0303 || !tr.DisableKeepAlives || tr.Protocols.HTTP2() || tr.Protocols.UnencryptedHTTP2() {
		t.Error("the transport would retry, use a proxy or old TLS")
	}
	if p := HTTP1(); !p.HTTP1() || p.HTTP2() || p.UnencryptedHTTP2() {
		t.Errorf("%v", p)
	}
}

// withoutCredentials are the transports that carry none: what they read is public.
var withoutCredentials = []string{"internal/cli/remote/remote.go", "log/tessera/witness.go"}

// TestEveryTransport: a transport that can carry a credential speaks HTTP/1.1 alone.
func TestEveryTransport(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		if err == nil && d.IsDir() && (name == "internal/test" || name == "internal/tools" || name == "interop" || name == ".git") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, literal := range strings.Split(string(text), "http.Transport{")[1:] {
			seen++
			if !strings.Contains(literal[:min(len(literal), 200)], "HTTP1()") && name != withoutCredentials[0] {
				t.Errorf("%s: a transport that can speak HTTP/2", name)
			}
		}
		if name != withoutCredentials[1] && (strings.Contains(string(text), "http.DefaultTransport") || strings.Contains(string(text), "http.DefaultClient")) {
			t.Errorf("%s: the default transport speaks HTTP/2 and asks the environment for a proxy", name)
		}
		return err
	})
	if err != nil || seen < 4 {
		t.Errorf("%d transports, %v", seen, err)
	}
}
