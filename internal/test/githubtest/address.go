package githubtest

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"net/url"
	"strconv"
	"strings"
)

func (c *call) repoURL(rest string) string {
	return c.server.apiURL("/repos/%s", c.repo.FullName()) + rest
}

func (c *call) webRepo(rest string) string {
	return c.server.webURL("/%s", c.repo.FullName()) + rest
}

// escapePath escapes each segment and keeps the slashes.
func escapePath(path string) string {
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = url.PathEscape(segments[i])
	}
	return strings.Join(segments, "/")
}

// webSegment is a name in the address of a page: GitHub escapes its slashes, + and @ there (open-feature/flagd#511, dbuenzli/topkg#113).
func webSegment(name string) string {
	return strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

// nodeID is an opaque name; GitHub's are base64 too.
func nodeID(parts ...any) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.TrimSuffix(fmt.Sprintln(parts...), "\n")))
}

// userID is the number of a login, the same in every run.
func userID(login string) int64 {
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(login)))
	return int64(h.Sum32())%90_000_000 + 10_000_000
}

func itoa(n int) string { return strconv.Itoa(n) }

func atoi(s string) int { n, _ := strconv.Atoi(s); return n }
