package api_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/receipt"
)

const aRun = "r-11111111111111111111111111111111"

// overTLS is a client of a Core behind https.
func overTLS(t *testing.T, by crypto.Signer, h http.HandlerFunc, options ...api.Option) *api.Client {
	t.Helper()
	srv := httptest.NewTLSServer(signing(t, h, honest))
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	c, err := api.Dial(srv.URL, origin, by, law(t), now, append(options, api.Roots(roots))...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSignedReads: behind https each read but those of the log is signed with its query, by the reader key if there is
// one, and by nothing where no key is at hand.
func TestSignedReads(t *testing.T) {
	caller, reader := logtest.Key(3), logtest.Key(4)
	ring, err := crypto.NewKeyring(caller.Public(), reader.Public())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]crypto.KeyID{}
	h := func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Values(api.RequestHeader)
		seen[r.URL.RequestURI()] = ""
		if len(header) == 1 {
			env, _ := base64.StdEncoding.DecodeString(header[0])
			rec, err := receipt.Open(env, ring)
			if err != nil {
				t.Error(err)
				return
			}
			req := rec.Body.(*receipt.Request)
			if req.Method != "GET "+r.URL.RequestURI() || req.Body != marketops.DigestOf(nil) || req.Core != origin {
				t.Errorf("%s: %+v", r.URL.RequestURI(), req)
			}
			seen[r.URL.RequestURI()] = rec.By
		}
		if r.URL.RequestURI() == "/v1/runs/"+aRun {
			fmt.Fprintf(w, `{"run":%q,"entries":[{"name":"submission","position":{"origin":"log.test","index":7}}],"more":true}`, aRun)
			return
		}
		fmt.Fprint(w, `{}`)
	}
	for name, c := range map[string]struct {
		client *api.Client
		want   crypto.KeyID
	}{
		"reader": {overTLS(t, caller, h, api.ReadWith(reader)), reader.Public().ID()},
		"caller": {overTLS(t, caller, h), caller.Public().ID()},
		"none":   {overTLS(t, nil, h), ""},
	} {
		clear(seen)
		ctx := context.Background()
		_, err1 := c.client.Records(ctx, aRun)
		_, err2 := c.client.ClaimState(ctx, "c-1")
		_, err3 := c.client.Evidence(ctx, marketops.Digest{})
		_, err4 := c.client.ReadFile("records/00/0.json")
		_, err5 := c.client.Info(ctx)
		if err := errors.Join(err1, err2, err3, err4, err5); err != nil || len(seen) != 6 || seen["/v1/runs/"+aRun+"?after=7"] != c.want {
			t.Errorf("%s: %v: %v", name, err, seen)
		}
		for path, by := range seen {
			if by != c.want {
				t.Errorf("%s: %s is signed by %q, want %q", name, path, by, c.want)
			}
		}
		for _, public := range []string{"checkpoint", "tile/0/000"} {
			if _, err := c.client.ReadFile(public); err != nil || seen["/"+public] != "" {
				t.Errorf("%s: %s is signed by %q: %v", name, public, seen["/"+public], err)
			}
		}
	}
}

// TestStrangePages: a Core that never ends, or goes back, gives nothing; and keeps its reader for a bounded time.
func TestStrangePages(t *testing.T) {
	entry := func(index int) string {
		return fmt.Sprintf(`{"name":"submission","position":{"origin":"log.test","index":%d}}`, index)
	}
	many := func(from int) string {
		all := make([]string, api.MaxPage*10)
		for i := range all {
			all[i] = entry(from + i)
		}
		return strings.Join(all, ",")
	}
	for name, c := range map[string]struct {
		page func(asked int) string
		code marketops.Code
	}{
		"empty and more": {func(int) string { return `{"run":"RUN","entries":[],"more":true}` }, marketops.CoreUnreachable},
		"the same again": {func(int) string { return `{"run":"RUN","entries":[` + entry(5) + `],"more":true}` }, marketops.CoreUnreachable},
		"further back":   {func(n int) string { return fmt.Sprintf(`{"run":"RUN","entries":[%s],"more":true}`, entry(9-n)) }, marketops.CoreUnreachable},
		"without an end": {func(n int) string { return fmt.Sprintf(`{"run":"RUN","entries":[%s],"more":true}`, many(n*20_000)) }, marketops.LimitReached},
		"gone in between": {func(n int) string {
			return map[int]string{0: `{"run":"RUN","entries":[` + entry(5) + `],"more":true}`}[n]
		}, marketops.CoreUnreachable},
	} {
		asked := 0
		client := overTLS(t, nil, func(w http.ResponseWriter, r *http.Request) {
			page := c.page(asked)
			if asked++; page == "" {
				w.WriteHeader(http.StatusNotFound)
			}
			if asked > 25 {
				page = `{"run":"RUN","entries":[]}`
			}
			fmt.Fprint(w, strings.ReplaceAll(page, "RUN", aRun))
		})
		all, err := client.Records(context.Background(), aRun)
		if marketops.CodeOf(err) != c.code || errors.Is(err, fs.ErrNotExist) || len(all.Entries) > 0 || asked > 30 {
			t.Errorf("%s: %d records after %d pages, %v", name, len(all.Entries), asked, err)
		}
	}
}

// TestStrangersCertificate: a Core whose certificate none of the roots signed is not spoken to.
func TestStrangersCertificate(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	t.Cleanup(srv.Close)
	c, err := api.Dial(srv.URL, origin, logtest.Key(3), law(t), now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Info(context.Background()); !errors.Is(err, marketops.CoreUnreachable) {
		t.Error(err)
	}
}

// TestSignRead: a signature is made for this Core and for no address that only looks like it.
func TestSignRead(t *testing.T) {
	c, err := api.Dial("https://core.example.com/base", origin, nil, nil, now, api.ReadWith(logtest.Key(4)))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://core.example.com/base/records/00/0.json":    "GET /records/00/0.json",
		"https://core.example.com/base/v1/runs/r-1?after=7":  "GET /v1/runs/r-1?after=7",
		"https://core.example.com/base/checkpoint":           "",
		"https://core.example.com/base/tile/0/000":           "",
		"https://core.example.com/base":                      "",
		"https://core.example.com/basement/records/0":        "",
		"https://core.example.com/records/00/0.json":         "",
		"https://core.example.com.evil.com/base/records/0":   "",
		"https://core.example.com:8443/base/records/0":       "",
		"http://core.example.com/base/records/00/0.json":     "",
		"https://evil.com/https://core.example.com/base/x":   "",
		"https://core.example.com@evil.com/base/records/0":   "",
		"https://mirror.example.com/base/records/00/0.json/": "",
	} {
		header, err := c.SignRead(address)
		if err != nil || (header == "") != (want == "") {
			t.Errorf("%s: %q, %v", address, header, err)
			continue
		}
		if want == "" {
			continue
		}
		ring, _ := crypto.NewKeyring(logtest.Key(4).Public())
		env, _ := base64.StdEncoding.DecodeString(header)
		rec, err := receipt.Open(env, ring)
		if err != nil || rec.Body.(*receipt.Request).Method != want {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	socket, err := api.Dial("/run/core.sock", origin, logtest.Key(3), law(t), now)
	if err != nil {
		t.Fatal(err)
	}
	if header, err := socket.SignRead("http://core/records/0"); header != "" || err != nil {
		t.Errorf("on the socket: %q, %v", header, err)
	}
}
