package app

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/answer"
)

const maxAnswer = 1 << 20 // bytes

// exchange is what came back for one request for a token.
type exchange struct {
	status int // 0: no whole answer
	header http.Header
	told   told
	advice string // what helps against a refusal, in words of ours
	err    error  // why there is no whole answer
}

// told is what we believe of an answer. Without a token it is none.
type told struct {
	Token        string            `json:"token"`
	ExpiresAt    time.Time         `json:"expires_at"`
	Permissions  map[string]string `json:"permissions"`
	Repositories []struct {
		ID int64 `json:"id"`
	} `json:"repositories"`
}

// send asks once: a round trip follows no redirect.
func (a *App) send(req *http.Request) exchange {
	req.GetBody = nil // without it net/http has nothing to send a second time
	res, err := a.transport.RoundTrip(req)
	if err != nil {
		return exchange{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errors.New("the answer is too long")
	}
	if err != nil {
		return exchange{err: err}
	}
	x := exchange{status: res.StatusCode, header: res.Header, advice: answer.Advice(res.StatusCode, res.Header, body)}
	if json.Unmarshal(body, &x.told) != nil {
		x.told = told{}
	}
	return x
}

// isLimited tells a limit from a lack of rights: both may be 403.
func (x exchange) isLimited() bool {
	return x.status == http.StatusTooManyRequests || x.status == http.StatusForbidden &&
		(x.header.Get("Retry-After") != "" || x.header.Get("X-RateLimit-Remaining") == "0")
}

// parseBase reads the API's address. Its errors do not quote it: it may hold a password.
func parseBase(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(s, "?#") {
		return "", marketops.Refuse(marketops.ConfigInvalid, "the API's address is not a plain address")
	}
	scheme := strings.ToLower(u.Scheme)
	if scheme != "https" && (scheme != "http" || !loopback(u.Hostname())) {
		return "", marketops.Refuse(marketops.ConfigInvalid, "the API's address is neither https nor http to loopback")
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
