package api

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/receipt"
)

// maxSigned is the size of the largest signed request or answer, in bytes of the envelope.
const maxSigned = 8 << 10

// SignedHeader returns the envelope that a header of this name carries; there must be exactly one.
func SignedHeader(h http.Header, name string) ([]byte, error) {
	values := h.Values(name)
	if len(values) != 1 || len(values[0]) > base64.StdEncoding.EncodedLen(maxSigned) {
		return nil, marketops.Refuse(marketops.SignatureInvalid, fmt.Sprintf("%d headers %s, or one that is too long", len(values), name))
	}
	env, err := base64.StdEncoding.DecodeString(values[0])
	if err != nil {
		return nil, marketops.Refuse(marketops.SignatureInvalid, name+" is not base64")
	}
	return env, nil
}

// signedCall is a signed request that waits for its answer.
type signedCall struct {
	request marketops.Digest // of the envelope
	until   marketops.Time   // the last second in which an answer counts
}

// sign signs a call, such as "GET /v1/info", and returns the header of its request and what its answer must name. Each try
// is dated anew, so that no nonce is used twice.
func (c *Client) sign(by crypto.Signer, method string, body []byte) (string, *signedCall, error) {
	if by == nil {
		return "", nil, marketops.Refuse(marketops.KeyUnreadable, "this call needs a key and none was given")
	}
	now := c.now()
	head, err := receipt.NewHeader(rand.Reader, now)
	if err != nil {
		return "", nil, err
	}
	r := &receipt.Request{Header: head, Method: method, Body: marketops.DigestOf(body), Core: c.core, ExpiresAt: now + receipt.MaxRequestAge}
	rec, err := receipt.Seal(r, by)
	if err != nil {
		return "", nil, err
	}
	return base64.StdEncoding.EncodeToString(rec.Envelope), &signedCall{marketops.DigestOf(rec.Envelope), r.ExpiresAt}, nil
}

// requireAnswer demands that the ledger signed this very answer to this very call, in time. What lies between
// publisher and Core can then hold an answer back, and do nothing else with it.
func (c *Client) requireAnswer(call signedCall, resp *http.Response, body []byte) error {
	env, err := SignedHeader(resp.Header, AnswerHeader)
	if err != nil {
		return err
	}
	now := c.now()
	rec, _, err := c.trust.Open(env, now, nil)
	if err != nil {
		return err
	}
	a, ok := rec.Body.(*receipt.Answer)
	switch {
	case !ok:
		return marketops.Refuse(marketops.PredicateTypeWrong, fmt.Sprintf("a %s in place of an answer", rec.Body.Kind()))
	case a.Request != call.request:
		return marketops.Refuse(marketops.SignatureInvalid, "it was signed for another call")
	case a.Body != marketops.DigestOf(body) || a.Status != int64(resp.StatusCode):
		return marketops.Refuse(marketops.SignatureInvalid, "it was signed with another body or status")
	case now > call.until:
		return marketops.Refuse(marketops.Expired, fmt.Sprintf("it came at %s, the call ended at %s", now, call.until))
	}
	return nil
}

// unsigned is what becomes of an answer that the ledger did not sign: nothing in it is known, and its words are shown as such.
func unsigned(status int, body []byte, path string, why error) error {
	f := &marketops.Failure{Code: marketops.CoreUnreachable, What: "the answer to " + path + " is not the ledger's: " + why.Error(),
		State: "the call may have reached the Core; repeating it is safe", Next: "look at what lies between this machine and the Core, and whether trust.json is the newest"}
	if status != http.StatusOK {
		f.What += fmt.Sprintf("; it says: %.300q", problem(status, body, path).Error())
	}
	return f
}
