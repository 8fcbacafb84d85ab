package server_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt"
)

// FuzzCalls puts any body under a good signature, and any header over any body. No call breaks the
// Core, and no call that is not what it should be is answered with success.
func FuzzCalls(f *testing.F) {
	w := world.New(f)
	h := w.Handler()
	paths := []string{"submissions", "approvals", "authorize", "resolve", "revoke", "check", "claim", "intent", "execute", "renew", "attempt", "outcome", "refusals"}
	for n := range paths {
		f.Add(uint8(n), []byte(`{}`), "")
	}
	f.Add(uint8(0), []byte(`{"submission":"AAAA","plan":"e30=","documents":[]}`), "")
	f.Add(uint8(1), []byte(`{"envelope":"AAAA"}`), "!")
	f.Fuzz(func(t *testing.T, n uint8, body []byte, header string) {
		path, who := "/v1/"+paths[int(n)%len(paths)], "bob"
		if int(n)%len(paths) > 4 {
			who = "pub"
		}
		if header == "" {
			head, err := receipt.NewHeader(rand.Reader, w.Now())
			must(t, err)
			r := &receipt.Request{Header: head, Method: "POST " + path, Body: marketops.DigestOf(body), Core: world.Origin, ExpiresAt: w.Now() + 60}
			rec, err := receipt.Seal(r, w.Keys[who])
			must(t, err)
			header = base64.StdEncoding.EncodeToString(rec.Envelope)
		}
		req := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
		req.Header[api.RequestHeader] = []string{header}
		out := httptest.NewRecorder()
		h.ServeHTTP(out, req)
		if out.Code == http.StatusOK || out.Code == http.StatusInternalServerError {
			t.Errorf("%s of %q: %d %s", path, body, out.Code, out.Body)
		}
	})
}
