package server

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

const (
	maxRequestEnvelope = 8 << 10 // bytes of a signed request
	maxNonces          = 1 << 16 // requests that are remembered at one time
)

// caller is who made a call that was verified.
type caller struct {
	trust.Holder
	key     crypto.KeyID
	request *receipt.Record
	body    *receipt.Request
}

// authenticate verifies the signed request of a call, all but its body and nonce. Codes:
// signature-invalid for none or one that was made for another call, audience-mismatch for one
// made for another Core, stale for one that is older than this Core, not-yet-valid, expired,
// and those of [trust.Trust.Open].
func (c *Core) authenticate(r *http.Request, role trust.Role) (*caller, error) {
	header := r.Header.Values(api.RequestHeader)
	if len(header) != 1 || len(header[0]) > base64.StdEncoding.EncodedLen(maxRequestEnvelope) {
		return nil, marketops.Refuse(marketops.SignatureInvalid, "the call carries no signed request")
	}
	env, err := base64.StdEncoding.DecodeString(header[0])
	if err != nil {
		return nil, marketops.Refuse(marketops.SignatureInvalid, "the signed request is not base64")
	}
	now := c.now()
	rec, holder, err := c.active.Load().trust.Open(env, now, nil)
	if err != nil {
		return nil, err
	}
	req, ok := rec.Body.(*receipt.Request)
	switch {
	case !ok:
		return nil, marketops.Refuse(marketops.PredicateTypeWrong, "a "+string(rec.Body.Kind())+" where a request belongs")
	case holder.Role != role:
		return nil, marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("%s %q may not make this call, a %s may", holder.Role, holder.Name, role))
	case req.Method != r.Method+" "+r.URL.Path || r.URL.RawQuery != "":
		return nil, marketops.Refuse(marketops.SignatureInvalid, "the request was signed for another call")
	case req.Core != c.opts.Config.Origin:
		return nil, marketops.Refuse(marketops.AudienceMismatch, fmt.Sprintf("the request was signed for the Core %.80q, this is %s", req.Core, c.opts.Config.Origin))
	}
	return &caller{holder, rec.By, rec, req}, c.timely(req, now)
}

// timely accepts a request whose clock is at most ε off ours.
func (c *Core) timely(r *receipt.Request, now marketops.Time) error {
	switch {
	case r.IssuedAt > now+gate.Epsilon:
		return marketops.Refuse(marketops.NotYetValid, fmt.Sprintf("the request was signed at %s, it is %s here", r.IssuedAt, now))
	case r.ExpiresAt+gate.Epsilon <= now:
		return marketops.Refuse(marketops.Expired, fmt.Sprintf("the request expired at %s, it is %s here", r.ExpiresAt, now))
	case r.IssuedAt < c.started:
		return &marketops.Refusal{Code: marketops.Stale, What: fmt.Sprintf("the request was signed at %s, this Core has run since %s", r.IssuedAt, c.started),
			State: "nothing was done", Next: "type the same command again"}
	}
	return nil
}

// spend binds the body to the request and uses its nonce up. Codes: signature-invalid for
// another body, consumed for a request that was made before, limit-reached.
func (c *Core) spend(who *caller, body []byte) error {
	d := marketops.DigestOf(body)
	if who.body.Body != d || who.request.About() != d {
		return marketops.Refuse(marketops.SignatureInvalid, "the request was signed for another body")
	}
	return c.nonces.use(string(who.key)+" "+who.body.Nonce, who.body.ExpiresAt+gate.Epsilon, c.now())
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

// Bounds of the refusals that one key may have recorded.
const (
	refusalsPerMinute = 60
	maxRated          = crypto.MaxKeys
)

// rates counts what each key had recorded in the current minute.
type rates struct {
	mu     sync.Mutex
	minute marketops.Time
	count  map[crypto.KeyID]int
}

func (r *rates) allow(key crypto.KeyID, now marketops.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := now / 60; r.count == nil || m != r.minute {
		r.minute, r.count = m, map[crypto.KeyID]int{}
	}
	if len(r.count) >= maxRated || r.count[key] >= refusalsPerMinute {
		return false
	}
	r.count[key]++
	return true
}

// openFrom opens an envelope that somebody hands in, at now, and demands that it is of the kind
// wanted and signed by the holder who makes the call.
func (c *Core) openFrom(who *caller, envelope []byte, kinds ...receipt.Kind) (*receipt.Record, error) {
	rec, holder, err := c.active.Load().trust.Open(envelope, c.now(), nil)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(kinds, rec.Body.Kind()) {
		return nil, marketops.Refuse(marketops.PredicateTypeWrong, fmt.Sprintf("a %s where %s belongs", rec.Body.Kind(), kinds))
	}
	if holder.Role != who.Role || holder.Name != who.Name {
		return nil, marketops.Refuse(marketops.KeyUnknown, fmt.Sprintf("the record is signed by %q, the call by %q", holder.Name, who.Name))
	}
	if who.Role == trust.RolePublisher && rec.By != who.key {
		return nil, marketops.Refuse(marketops.KeyUnknown, "record and call are signed by different keys")
	}
	return rec, nil
}
