package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
)

// TestProblemRoundTrip: what crosses the wire is of the same kind and code afterwards, and
// causes stay behind.
func TestProblemRoundTrip(t *testing.T) {
	secret := errors.New("/home/somebody/core.db")
	for _, c := range []struct {
		err    error
		code   marketops.Code
		status int
	}{
		{&marketops.Refusal{Code: marketops.Consumed, What: "c-1", State: "unspent", Next: "go", Checks: []marketops.Check{{Code: marketops.Consumed, Status: marketops.Fail}}}, marketops.Consumed, 409},
		{&marketops.Failure{Code: marketops.DiskFull, What: "ledger"}, marketops.DiskFull, 500},
		{fmt.Errorf("deep: %w", marketops.Refuse(marketops.Revoked, "c-1")), marketops.Revoked, 409},
		{secret, marketops.LedgerUnavailable, 500},
	} {
		p, status := ProblemOf(c.err)
		b, err := json.Marshal(p)
		if err != nil || status != c.status {
			t.Fatalf("%d, %v", status, err)
		}
		back := problem(status, b, "/v1/x")
		var was, is *marketops.Refusal
		if !errors.Is(back, c.code) || errors.As(c.err, &was) != errors.As(back, &is) {
			t.Errorf("%v became %v", c.err, back)
		}
		if is != nil && (is.State != was.State || is.Next != was.Next || len(is.Checks) != len(was.Checks)) {
			t.Errorf("%+v became %+v", was, is)
		}
		if c.err == secret && errors.Is(back, secret) || p.What == secret.Error() {
			t.Errorf("the cause crossed: %+v", p)
		}
	}
	if p, status := ProblemOf(fs.ErrNotExist); status != http.StatusNotFound || !errors.Is(problem(status, nil, "/x"), fs.ErrNotExist) {
		t.Errorf("%+v %d", p, status)
	}
}

// FuzzProblem: whatever a stranger answers is an error, and a refusal or failure only under a code
// that is known.
func FuzzProblem(f *testing.F) {
	f.Add(409, []byte(`{"kind":"refusal","code":"revoked","what":"c-1","state":"","next":"","checks":[]}`))
	f.Add(500, []byte(`{"kind":"failure","code":"disk-full","what":"","state":"","next":"","checks":null}`))
	f.Add(404, []byte(`{}`))
	f.Add(200, []byte(``))
	f.Add(409, []byte(`{"kind":"refusal","code":"Revoked"}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		err := problem(status, body, "/v1/x")
		if err == nil {
			t.Fatal("no error")
		}
		code := marketops.CodeOf(err)
		if _, known := code.Info(); !known && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v carries the code %q", err, code)
		}
		var r *marketops.Refusal
		if errors.As(err, &r) {
			p, _ := ProblemOf(err)
			b, merr := json.Marshal(p)
			if merr != nil {
				return // text that JSON cannot carry
			}
			if again := problem(409, b, "/v1/x"); !errors.Is(again, r.Code) {
				t.Errorf("%v became %v", err, again)
			}
		}
	})
}
