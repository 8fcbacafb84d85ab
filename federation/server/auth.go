package server

import (
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

const maxNonces = 1 << 16 // requests that are remembered at one time

// authenticator verifies signed requests.
type authenticator struct {
	core   Core
	origin string
	now    func() marketops.Time
	nonces nonces
}

// caller is who made a call, and the request that was verified.
type caller struct {
	federation.Caller
	record  *receipt.Record
	request *receipt.Request
}

// authenticate verifies the signed request of a call, all but its body and nonce. Codes:
// signature-invalid for none or one that was made for another call, audience-mismatch for one
// made for another Core, not-yet-valid, expired, and those of [trust.Trust.Open].
func (a *authenticator) authenticate(r *http.Request, roles ...trust.Role) (*caller, error) {
	env, err := api.SignedHeader(r.Header, api.RequestHeader)
	if err != nil {
		return nil, err
	}
	now := a.now()
	rec, holder, err := a.core.Trust().Open(env, now, nil)
	if err != nil {
		return nil, err
	}
	req, ok := rec.Body.(*receipt.Request)
	switch {
	case !ok:
		return nil, marketops.Refuse(marketops.PredicateTypeWrong, "a "+string(rec.Body.Kind())+" where a request belongs")
	case !slices.Contains(roles, holder.Role):
		return nil, marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("%s %q may not make this call, a %s may", holder.Role, holder.Name, roles[0]))
	case req.Method != r.Method+" "+r.URL.RequestURI() || r.Method == http.MethodPost && r.URL.RawQuery != "":
		return nil, marketops.Refuse(marketops.SignatureInvalid, "the request was signed for another call")
	case req.Core != a.origin:
		return nil, marketops.Refuse(marketops.AudienceMismatch, fmt.Sprintf("the request was signed for the Core %.80q, this is %s", req.Core, a.origin))
	}
	return &caller{federation.Caller{Holder: holder, Key: rec.By, Request: rec.Digest}, rec, req}, requireTime(req, now)
}

// requireTime accepts a request whose clock is at most ε off ours.
func requireTime(r *receipt.Request, now marketops.Time) error {
	switch {
	case r.IssuedAt > now+gate.Epsilon:
		return marketops.Refuse(marketops.NotYetValid, fmt.Sprintf("the request was signed at %s, it is %s here", r.IssuedAt, now))
	case r.ExpiresAt+gate.Epsilon <= now:
		return marketops.Refuse(marketops.Expired, fmt.Sprintf("the request expired at %s, it is %s here", r.ExpiresAt, now))
	}
	return nil
}

// requireFresh refuses a request that is older than this Core, which knows no nonces from before it started.
func (a *authenticator) requireFresh(r *receipt.Request) error {
	if started := a.core.Started(); r.IssuedAt < started {
		return &marketops.Refusal{Code: marketops.Stale, What: fmt.Sprintf("the request was signed at %s, this Core has run since %s", r.IssuedAt, started),
			State: "nothing was done", Next: "type the same command again"}
	}
	return nil
}

// useRequest binds the body to the request and uses its nonce up. Codes: signature-invalid for
// another body, stale for one that is older than this Core, consumed for a request that was made before, limit-reached.
func (a *authenticator) useRequest(who *caller, body []byte) error {
	if err := requireBody(who, body); err != nil {
		return err
	}
	if err := a.requireFresh(who.request); err != nil {
		return err
	}
	return a.nonces.use(string(who.Key)+" "+who.request.Nonce, who.request.ExpiresAt+gate.Epsilon, a.now())
}

func requireBody(who *caller, body []byte) error {
	if who.request.Body != marketops.DigestOf(body) {
		return marketops.Refuse(marketops.SignatureInvalid, "the request was signed for another body")
	}
	return nil
}

// nonces remembers requests until they have expired.
type nonces struct {
	mu    sync.Mutex
	until map[string]marketops.Time
	swept marketops.Time
}

func (n *nonces) use(nonce string, until, now marketops.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.until == nil {
		n.until = map[string]marketops.Time{}
	}
	if now > n.swept || len(n.until) >= maxNonces {
		for k, t := range n.until {
			if t <= now {
				delete(n.until, k)
			}
		}
		n.swept = now + receipt.MaxRequestAge
	}
	if _, used := n.until[nonce]; used {
		return &marketops.Refusal{Code: marketops.Consumed, What: "this signed request was made before",
			State: "nothing was done", Next: "sign the call anew"}
	}
	if len(n.until) >= maxNonces {
		return marketops.Refuse(marketops.LimitReached, "too many calls within two minutes")
	}
	n.until[nonce] = until
	return nil
}
