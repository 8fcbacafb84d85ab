package githubtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// The store is another origin on purpose: asset bytes are fetched there by a signed
// address, and a client that brings its token along has leaked it. The journal shows it.

func (s *Server) objectAddress(a *asset) string {
	return s.webURL("/objects/%d?sig=%s", a.id, s.signature(a.id))
}

func (s *Server) signature(id int64) string {
	m := hmac.New(sha256.New, []byte(s.signing))
	fmt.Fprint(m, id)
	return hex.EncodeToString(m.Sum(nil))
}

func (s *Server) serveStore(w http.ResponseWriter, r *http.Request) {
	c, _ := s.arrive(HostStore, r)
	s.mu.Lock()
	a := s.fetch(r)
	s.mu.Unlock()
	s.journal.edit(c.entry, func(e *Request) { e.Status = a.status })
	w.Header().Set("Content-Type", a.media)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if a.file != "" {
		http.ServeFile(w, r, a.file)
		return
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.raw)
}

func (s *Server) fetch(r *http.Request) answer {
	if r.Method != http.MethodGet {
		return plain(http.StatusMethodNotAllowed, "only GET")
	}
	if number, found := strings.CutPrefix(r.URL.Path, "/objects/"); found {
		id, _ := strconv.ParseInt(number, 10, 64)
		if !hmac.Equal([]byte(r.URL.Query().Get("sig")), []byte(s.signature(id))) {
			return plain(http.StatusForbidden, "signature does not match")
		}
		return s.bytesOf(id)
	}
	return s.webPage(split(r.URL.Path))
}

// webPage is the little of github.com that strangers see: published releases and their files.
func (s *Server) webPage(path []string) answer {
	if len(path) < 5 || path[2] != "releases" {
		return plain(http.StatusNotFound, wordsNotFound)
	}
	repo := s.repos[key(path[0], path[1])]
	if repo == nil || repo.spec.Private {
		return plain(http.StatusNotFound, wordsNotFound)
	}
	last := len(path) - 1
	switch path[3] {
	case "tag":
		return releasePage(repo, repo.live.publishedFor(strings.Join(path[4:], "/")))
	case "download":
		return s.download(repo.live.publishedFor(strings.Join(path[4:last], "/")), path[last])
	}
	return plain(http.StatusNotFound, wordsNotFound)
}

func (s *Server) download(r *release, name string) answer {
	if r == nil {
		return plain(http.StatusNotFound, wordsNotFound)
	}
	for _, a := range r.assets {
		if a.name == name && !a.open {
			return s.bytesOf(a.id)
		}
	}
	return plain(http.StatusNotFound, wordsNotFound)
}

func (s *Server) bytesOf(id int64) answer {
	if _, err := os.Stat(s.assetFile(id)); err != nil {
		return plain(http.StatusNotFound, wordsNotFound)
	}
	return answer{status: http.StatusOK, file: s.assetFile(id), media: "application/octet-stream"}
}

func releasePage(repo *Repo, r *release) answer {
	if r == nil {
		return plain(http.StatusNotFound, wordsNotFound)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<title>%s %s</title>\n<h1>%s</h1>\n<p>%s, tag %s</p>\n<pre>%s</pre>\n<ul>\n",
		html.EscapeString(repo.FullName()), html.EscapeString(r.tag), html.EscapeString(r.name),
		html.EscapeString(repo.FullName()), html.EscapeString(r.tag), html.EscapeString(r.body))
	for _, a := range r.assets {
		fmt.Fprintf(&b, "<li><a href=\"/%s/releases/download/%s/%s\">%s</a> %d bytes sha256:%s\n",
			repo.FullName(), escapePath(r.tag), escapePath(a.name), html.EscapeString(a.name), a.size, a.digest)
	}
	b.WriteString("</ul>\n")
	return answer{status: http.StatusOK, raw: []byte(b.String()), media: "text/html; charset=utf-8"}
}

func plain(status int, words string) answer {
	return answer{status: status, raw: []byte(words + "\n"), media: "text/plain; charset=utf-8"}
}
