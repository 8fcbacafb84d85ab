package wire

import (
	"io"
	"net/http"
	"testing"
)

// TestClass is the table of outcome classes.
func TestClass(t *testing.T) {
	reply := func(status int, pairs ...string) *Exchange {
		x := &Exchange{status: status, header: http.Header{"X-Github-Request-Id": {"C0DE"}}}
		x.reached.Store(true)
		for i := 0; i < len(pairs); i += 2 {
			x.header.Set(pairs[i], pairs[i+1])
		}
		return x
	}
	for status, want := range map[int]class{
		200: answered, 201: answered, 202: answered, 204: answered, 301: redirected, 302: redirected, 307: redirected, 308: redirected,
		400: refused, 401: unauthorised, 403: refused, 404: refused, 409: refused, 410: refused, 413: refused, 415: refused, 422: refused, 451: refused,
		429: limited, 408: ambiguous, 500: ambiguous, 502: ambiguous, 503: ambiguous, 504: ambiguous,
		402: ambiguous, 405: ambiguous, 418: ambiguous, 100: ambiguous, 0: ambiguous,
	} {
		if got := reply(status).class(); got != want {
			t.Errorf("%d: %d, want %d", status, got, want)
		}
		fake := reply(status)
		fake.header.Del("X-GitHub-Request-Id")
		if got := fake.class(); got != ambiguous {
			t.Errorf("%d without a request id: %d", status, got)
		}
	}
	secondary := reply(403)
	secondary.body = []byte(`{"message":"You have exceeded a secondary rate limit."}`)
	for _, x := range []*Exchange{secondary, reply(403, "Retry-After", "1"), reply(403, "X-RateLimit-Remaining", "0")} {
		if x.class() != limited {
			t.Errorf("%v: %d", x.header, x.class())
		}
	}
	quick := reply(422)
	quick.body = []byte(`{"message":"Validation Failed","errors":[{"resource":"Release","code":"custom","message":"was submitted too quickly"}]}`)
	if quick.class() != limited {
		t.Errorf("too quick: %d", quick.class())
	}
	for body, passing := range map[string]bool{
		`{"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"head","code":"invalid"}]}`:                        true,
		`{"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom","message":"No commits between a and b"}]}`: true,
		`{"message":"Object does not exist"}`: true,
		`{"message":"Validation Failed","errors":[{"resource":"Release","code":"already_exists","field":"tag_name"}]}`:                  false,
		`{"message":"Validation Failed","errors":[{"resource":"Release","code":"custom","field":"body","message":"body is too long"}]}`: false,
		`{"message":"Reference already exists"}`: false,
	} {
		x := reply(422)
		x.body = []byte(body)
		if got := (&Call{Method: "POST"}).passes(x); got != passing {
			t.Errorf("%s: passes %t", body, got)
		}
		if (&Call{Method: "GET"}).passes(x) {
			t.Errorf("%s passes for a read", body)
		}
	}
	if got := new(Exchange).class(); got != unsent {
		t.Errorf("the zero exchange is %d", got)
	}
	broken := reply(201)
	broken.err = io.ErrUnexpectedEOF
	if broken.class() != ambiguous {
		t.Error("half an answer counts")
	}
}

// FuzzReason: whatever a refusal says, its reason can be read.
func FuzzReason(f *testing.F) {
	f.Add([]byte(`{"message":"x","errors":[{"code":"custom","message":"y"},"z",null]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &Exchange{status: 422, body: body}
		_ = x.reason()
		_ = x.isLimit()
	})
}
