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

const maxNonces = 1 << 16 // requests that are remembered at one time, of all callers

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
	made    bool // body and nonce were verified too: the caller made this very call
}

// authenticate verifies the signed request of a call, all but its body, nonce and role. Codes:
// signature-invalid for none or one that was made for another call, audience-mismatch for one
// made for another Core, not-yet-valid, expired, and those of [trust.Trust.Open].
func (a *authenticator) authenticate(r *http.Request) (*caller, error) {
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
	case req.Method != r.Method+" "+r.URL.RequestURI() || r.Method == http.MethodPost && r.URL.RawQuery != "":
		return nil, marketops.Refuse(marketops.SignatureInvalid, "the request was signed for another call")
	case req.Core != a.origin:
		return nil, marketops.Refuse(marketops.AudienceMismatch, fmt.Sprintf("the request was signed for the Core %.80q, this is %s", req.Core, a.origin))
	}
	return &caller{Caller: federation.Caller{Holder: holder, Key: rec.By, Request: rec.Digest, Envelope: env}, record: rec, request: req}, requireTime(req, now)
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
	err := a.nonces.use(federation.ShareOf(who.Holder), string(who.Key)+" "+who.request.Nonce, who.request.ExpiresAt+gate.Epsilon, a.now())
	who.made = err == nil
	return err
}

func requireBody(who *caller, body []byte) error {
	if who.request.Body != marketops.DigestOf(body) {
		return marketops.Refuse(marketops.SignatureInvalid, "the request was signed for another body")
	}
	return nil
}

// requireRole is asked last, so that who is refused by it made the call.
func (c *caller) requireRole(roles ...trust.Role) error {
	if !slices.Contains(roles, c.Role) {
		return marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("%s %q may not make this call, a %s may", c.Role, c.Name, roles[0]))
	}
	return nil
}

// nonces remembers requests until they have expired. Each caller has a share, so that one cannot keep the others out.
type nonces struct {
	mu    sync.Mutex
	until map[string]remembered
	of    map[string]int // by caller
	swept marketops.Time
}

type remembered struct {
	until marketops.Time
	who   string
}

func (n *nonces) use(who, nonce string, until, now marketops.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.until == nil {
		n.until, n.of = map[string]remembered{}, map[string]int{}
	}
	if now > n.swept || len(n.until) >= maxNonces || n.of[who] >= federation.CallsRemembered {
		n.sweep(now)
	}
	if _, used := n.until[nonce]; used {
		return &marketops.Refusal{Code: marketops.Consumed, What: "this signed request was made before",
			State: "nothing was done", Next: "sign the call anew"}
	}
	if len(n.until) >= maxNonces || n.of[who] >= federation.CallsRemembered {
		return marketops.Refuse(marketops.LimitReached, "too many calls within two minutes")
	}
	n.until[nonce] = remembered{until, who}
	n.of[who]++
	return nil
}

func (n *nonces) sweep(now marketops.Time) {
	if now == n.swept-receipt.MaxRequestAge {
		return // it was done at this very time
	}
	for k, r := range n.until {
		if r.until > now {
			continue
		}
		delete(n.until, k)
		if n.of[r.who]--; n.of[r.who] == 0 {
			delete(n.of, r.who)
		}
	}
	n.swept = now + receipt.MaxRequestAge
}
