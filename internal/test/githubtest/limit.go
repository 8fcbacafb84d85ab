package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	defaultPerHour = 5000
	wordsSecondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
	docsPrimary    = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
	docsSecondary  = "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
)

// limits counts requests an hour, all callers together: one test has one credential, and
// one count is easier to reason about than many.
type limits struct {
	mu      sync.Mutex
	perHour int
	used    int
	resets  time.Time
}

// use counts one request and reports whether it was still allowed.
func (l *limits) use(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(now)
	if l.used >= l.perHour {
		return false
	}
	l.used++
	return true
}

// turn begins a new hour when the old one is over; the caller holds mu.
func (l *limits) turn(now time.Time) {
	if l.perHour == 0 {
		l.perHour = defaultPerHour
	}
	if now.Before(l.resets) {
		return
	}
	l.used, l.resets = 0, now.Add(time.Hour)
}

func (l *limits) read(now time.Time) (limit, used int, resets time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(now)
	return l.perHour, l.used, l.resets
}

// describe sets the headers GitHub puts on every answer, unless a fault has set its own.
func (l *limits) describe(h http.Header, now time.Time) {
	if h.Get("X-RateLimit-Remaining") != "" {
		return
	}
	limit, used, resets := l.read(now)
	setLimit(h, limit, limit-used, resets)
}

func setLimit(h http.Header, limit, remaining int, resets time.Time) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(remaining))
	h.Set("X-RateLimit-Used", strconv.Itoa(limit-remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(resets.Unix(), 10))
	h.Set("X-RateLimit-Resource", "core")
}

// limit counts the call, except rate_limit itself, which GitHub does not count.
func (s *Server) limit(c *call) (answer, bool) {
	if c.route.ID == "rate-limit/get" || s.limits.use(s.now()) {
		return answer{}, false
	}
	_, _, resets := s.limits.read(s.now())
	return c.primaryLimit(http.StatusForbidden, resets), true
}

func (c *call) primaryLimit(status int, resets time.Time) answer {
	limit, _, _ := c.server.limits.read(c.server.now())
	h := http.Header{}
	setLimit(h, limit, 0, resets)
	return answer{status: status, header: h, body: object{
		"message":           fmt.Sprintf("API rate limit exceeded for user ID %d.", userID(c.login())),
		"documentation_url": docsPrimary,
	}}
}

// secondaryLimit is GitHub's answer to too much at once; retryAfter 0 leaves the header
// out, which GitHub does at times.
func (c *call) secondaryLimit(status int, retryAfter time.Duration) answer {
	h := http.Header{}
	if retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	return answer{status: status, header: h, body: object{
		"message": wordsSecondary, "documentation_url": docsSecondary,
	}}
}

func getRateLimit(c *call) answer {
	limit, used, resets := c.server.limits.read(c.server.now())
	core := object{"limit": limit, "used": used, "remaining": limit - used, "reset": resets.Unix()}
	search := object{"limit": 30, "used": 0, "remaining": 30, "reset": resets.Unix()}
	return ok(object{"resources": object{"core": core, "search": search}, "rate": core})
}
