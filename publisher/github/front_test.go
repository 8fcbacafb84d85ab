package github

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
)

// answer is one answer on its way from the practice GitHub to the port.
type answer struct {
	*http.Response
	body string
}

// front puts a GitHub of bad character before the good one: change may alter any answer of the
// API. The port then speaks to the front.
func (s *stage) front(change func(*answer)) {
	s.Helper()
	to, err := url.Parse(s.srv.API())
	if err != nil {
		s.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Header["User-Agent"] = r.In.Header["User-Agent"] },
		ModifyResponse: func(res *http.Response) error {
			raw, err := io.ReadAll(res.Body)
			if err != nil {
				return err
			}
			a := &answer{res, string(raw)}
			change(a)
			res.Body = io.NopCloser(bytes.NewReader([]byte(a.body)))
			if res.StatusCode != http.StatusNoContent {
				res.ContentLength = int64(len(a.body))
				res.Header.Set("Content-Length", strconv.Itoa(len(a.body)))
			}
			return nil
		},
	}
	srv := httptest.NewServer(proxy)
	s.Cleanup(srv.Close)
	s.fronted = strings.TrimPrefix(srv.URL, "http://")
	s.port = s.newPort(srv.URL+"/", s.srv.Uploads())
}

// is reports whether an answer is one to method and a path that ends so.
func (a *answer) is(method, suffix string) bool {
	return a.Request.Method == method && strings.HasSuffix(a.Request.URL.Path, suffix)
}
