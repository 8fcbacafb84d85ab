package tiles

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, b, 0o600))
}

var private = []byte("nobody else's business")

// folder is a log of 300 entries beside everything that must not be seen.
func folder(t testing.TB) (dir string, l *logtest.Log) {
	base := t.TempDir()
	dir, l = filepath.Join(base, "log"), logtest.New("log.example.com", logtest.Key(1))
	for i := range 300 {
		l.Append(fmt.Appendf(nil, "leaf %d", i))
	}
	for _, name := range []string{log.CheckpointPath, log.TilePath(0, 0, 256), log.TilePath(0, 1, 44), log.TilePath(1, 0, 1), log.EntriesPath(0, 256), log.EntriesPath(1, 44)} {
		b, err := l.ReadFile(name)
		must(t, err)
		write(t, filepath.Join(dir, name), b)
	}
	for _, name := range []string{".state/treeState", ".marketops.lock", "tile/0/.tmp-1", "tile/entries/000.p/231713122888", "tile/notes", "../claims.db", "../records/ab/x.json", "../checkpoint.mark"} {
		write(t, filepath.Join(dir, name), private)
	}
	must(t, os.Symlink("../../.state/treeState", filepath.Join(dir, "tile/0/002")))
	must(t, os.Symlink("../../../claims.db", filepath.Join(dir, "tile/0/003")))
	return dir, l
}

func serve(t *testing.T) (*httptest.Server, *logtest.Log) {
	dir, l := folder(t)
	f, err := Open(dir)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s, l
}

func ask(t *testing.T, method, url string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	must(t, err)
	resp, err := http.DefaultTransport.RoundTrip(req) // a redirect would be an answer, too
	must(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, b
}

func TestPublicFiles(t *testing.T) {
	s, l := serve(t)
	for name, want := range map[string][2]string{
		"checkpoint":            {"text/plain; charset=utf-8", "no-cache"},
		"tile/0/000":            {"application/octet-stream", "public, max-age=31536000, immutable"},
		"tile/0/001.p/44":       {"application/octet-stream", "public, max-age=31536000, immutable"},
		"tile/1/000.p/1":        {"application/octet-stream", "public, max-age=31536000, immutable"},
		"tile/entries/000":      {"application/octet-stream", "public, max-age=31536000, immutable"},
		"tile/entries/001.p/44": {"application/octet-stream", "public, max-age=31536000, immutable"},
	} {
		content, err := l.ReadFile(name)
		must(t, err)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			resp, b := ask(t, method, s.URL+"/"+name)
			if method == http.MethodHead {
				b = append(b, content...) // HEAD has the length and no body
			}
			if resp.StatusCode != 200 || !bytes.Equal(b, content) || resp.ContentLength != int64(len(content)) {
				t.Errorf("%s %s: %s, %d bytes of %d", method, name, resp.Status, len(b), len(content))
			}
			if got := [2]string{resp.Header.Get("Content-Type"), resp.Header.Get("Cache-Control")}; got != want {
				t.Errorf("%s %s: %q, want %q", method, name, got, want)
			}
		}
	}
}

func TestNothingElse(t *testing.T) {
	s, _ := serve(t)
	for _, path := range []string{
		"/", "/tile", "/tile/", "/tile/0", "/tile/0/", "/tile/entries/", "/.state/treeState", "/.marketops.lock", "/tile/0/.tmp-1",
		"/tile/entries/000.p/231713122888", "/tile/entries/000.p/", "/tile/notes", "/tile/0/002", "/tile/0/003", "/tile/0/004", "/tile/0/001.p/45", "/tile/5/000",
		"/tile/0/0", "/tile/00/000", "/tile/0/x000/000", "/checkpoint/", "//checkpoint", "/./checkpoint", "/checkpoint.mark", "/records/ab/x.json", "/v1/info",
		"/../claims.db", "/tile/../../claims.db", "/tile/0/../../.state/treeState", "/%2e%2e/claims.db", "/tile/%2e%2e/.state/treeState", "/..%2fclaims.db",
		"/tile/0/..%2f..%2f.state%2ftreeState", "/tile%2f0%2f..%2f..%2f..%2fclaims.db", "/..%5cclaims.db", "/checkpoint%00", "/tile/0/000%00.json", "/tile/0/000%20",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			resp, b := raw(t, s, method, path)
			if resp.StatusCode != http.StatusNotFound || bytes.Contains(b, private) || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Location") != "" {
				t.Errorf("%s %s: %s %q", method, path, resp.Status, b)
			}
		}
	}
	// The control: a spelling that decodes to a public name is that name, and a query means nothing.
	for _, path := range []string{"/tile%2f0%2f000", "/checkpoint?../claims.db"} {
		if resp, _ := raw(t, s, http.MethodGet, path); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

// raw sends a path as it is written, which a client library would tidy up.
func raw(t *testing.T, s *httptest.Server, method, path string) (*http.Response, []byte) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	must(t, err)
	defer c.Close()
	_, err = fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path)
	must(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	must(t, err)
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, b
}

func TestOnlyReading(t *testing.T) {
	s, _ := serve(t)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "get"} {
		resp, b := raw(t, s, method, "/checkpoint")
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" || bytes.Contains(b, []byte("log.example.com")) {
			t.Errorf("%s: %s %q", method, resp.Status, b)
		}
	}
}

// TestTrouble: a file that no log has is not sent, and nothing is said about this machine.
func TestTrouble(t *testing.T) {
	dir, _ := folder(t)
	write(t, filepath.Join(dir, "tile/0/009"), make([]byte, log.MaxBundle+1))
	f, err := Open(dir)
	must(t, err)
	defer f.Close()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/tile/0/009", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), dir) || w.Body.Len() > 100 {
		t.Errorf("%d %.200q", w.Code, w.Body)
	}
}

// FuzzPaths: no path leads to a private file, whatever it decodes to.
func FuzzPaths(f *testing.F) {
	dir, _ := folder(f)
	open, err := Open(dir)
	must(f, err)
	defer open.Close()
	for _, name := range []string{"checkpoint", "tile/0/000", "tile/0/002", "tile/0/.tmp-1", "../claims.db", ".state/treeState", "tile/entries/000.p/1", "/checkpoint", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = "/" + name
		open.ServeHTTP(w, r)
		if b, err := open.ReadFile(name); err == nil && (bytes.Contains(b, private) || !log.IsPath(name)) {
			t.Errorf("%q reads %.60q", name, b)
		}
		if bytes.Contains(w.Body.Bytes(), private) || w.Code == http.StatusOK && !log.IsPath(name) {
			t.Errorf("%q leads to %d %.60q", name, w.Code, w.Body)
		}
	})
}

// TestReplacedCheckpoint: a checkpoint that the log replaces again and again is read each time.
func TestReplacedCheckpoint(t *testing.T) {
	dir := t.TempDir()
	put := func() error {
		part := filepath.Join(dir, "part")
		return errors.Join(os.WriteFile(part, []byte("checkpoint"), 0o600), os.Rename(part, filepath.Join(dir, log.CheckpointPath)))
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stop, done := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
				if err := put(); err != nil {
					done <- err
					return
				}
			}
		}
	}()
	for range 2000 {
		if b, err := f.ReadFile(log.CheckpointPath); err != nil || string(b) != "checkpoint" {
			t.Errorf("%q, %v", b, err)
			break
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
