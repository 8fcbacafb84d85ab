package github

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// maxEvidence bounds the answer that is kept with an outcome.
const maxEvidence = 256 << 10

// seen collects what GitHub calls the things that were looked at.
type seen struct {
	ids  map[string]string
	url  string
	told string // what a person should know of what was read back
}

func (s *seen) note(name, value string) {
	if s.ids == nil {
		s.ids = map[string]string{}
	}
	if value != "" {
		s.ids[name] = value
	}
}

func (s *seen) number(name string, n int64) { s.note(name, strconv.FormatInt(n, 10)) }

// asset notes the id of the i-th asset without its name: names may be private, and four digits
// keep the order.
func (s *seen) asset(i int, id int64) { s.number(fmt.Sprintf("asset_%04d", i+1), id) }

// page notes where a person can look, if it is an address at all.
func (s *seen) page(address string) {
	if isWeb(address) {
		s.url = address
		s.note("html_url", address)
	}
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil
}

func (s *seen) evidence(p *Port, last []byte) publisher.Evidence {
	ev := publisher.Evidence{URL: clip(p.secrets.clean(s.url)), Note: s.told}
	for name, value := range s.ids {
		ev.GitHub = append(ev.GitHub, receipt.GitHubID{Name: name, Value: clip(p.secrets.clean(value))})
	}
	slices.SortFunc(ev.GitHub, func(a, b receipt.GitHubID) int { return strings.Compare(a.Name, b.Name) })
	if len(last) <= maxEvidence {
		ev.Answer = []byte(p.secrets.clean(string(last)))
	}
	return ev
}

// escapePath escapes each part of a name and keeps its slashes.
func escapePath(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}
