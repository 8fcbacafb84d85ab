package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// maxAnswer bounds one answer.
const maxAnswer = 16 << 20

// hub is GitHub's API for one repository.
type hub struct{ api, uploads, token, repository string }

// reply is an answer of GitHub.
type reply struct {
	header http.Header
	body   []byte
}

// call asks GitHub; any status but 2xx is an error. path is one below the repository.
func (h *hub) call(ctx context.Context, method, path string, in, out any) (*reply, error) {
	return h.callAs(ctx, h.token, method, path, in, out)
}

func (h *hub) callAs(ctx context.Context, token, method, path string, in, out any) (*reply, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	return h.send(ctx, token, method, h.api+"repos/"+h.repository+path, "application/json", body, out)
}

// upload puts a small file into a release, under a name that GitHub may change.
func (h *hub) upload(ctx context.Context, release int64, name, text string, out any) error {
	address := fmt.Sprintf("%srepos/%s/releases/%d/assets?name=%s", h.uploads, h.repository, release, url.QueryEscape(name))
	_, err := h.send(ctx, h.token, "POST", address, "text/plain", bytes.NewReader([]byte(text)), out)
	return err
}

func (h *hub) send(ctx context.Context, token, method, address, media string, body io.Reader, out any) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("Content-Type", media)
	req.Header.Set("User-Agent", "marketops-live")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	r := &reply{header: res.Header}
	if r.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer)); err != nil {
		return nil, err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return r, fmt.Errorf("%s %s: %s: %.500s", method, req.URL.Path, res.Status, r.body)
	}
	if out != nil {
		err = json.Unmarshal(r.body, out)
	}
	return r, err
}

// member is one member of an answer, as GitHub wrote it.
func (r *reply) member(name string) string {
	var all map[string]json.RawMessage
	if json.Unmarshal(r.body, &all) != nil {
		return ""
	}
	return string(all[name])
}

func (r *reply) headerOf(name string) string { return r.header.Get(name) }
