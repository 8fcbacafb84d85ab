package github

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
	"github.com/omega/marketops/receipt"
)

// maxEvidence bounds the answer that is kept with an outcome.
const maxEvidence = 256 << 10

// facts collects what GitHub calls the things that were looked at.
type facts struct {
	ids  map[string]string
	url  string
	told string  // what a person should know of what was read back
	lost []int64 // drafts with our marker that are not ours to use
}

func (f *facts) note(name, value string) {
	if f.ids == nil {
		f.ids = map[string]string{}
	}
	if value != "" {
		f.ids[name] = value
	}
}

func (f *facts) number(name string, n int64) { f.note(name, strconv.FormatInt(n, 10)) }

// maxListed is how many files have their ids in an outcome, which holds 64 ids of all kinds. Of more it has the number.
const maxListed = 40

// asset notes the id of the i-th of n assets without its name: names may be private, and four digits
// keep the order.
func (f *facts) asset(i, n int, id int64) {
	if n > maxListed {
		f.number("assets", int64(n))
		return
	}
	f.number(fmt.Sprintf("asset_%04d", i+1), id)
}

// page notes where a person can look, if it is an address at all.
func (f *facts) page(address string) {
	if isWeb(address) {
		f.url = address
		f.note("html_url", address)
	}
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil
}

// remarks is what a person should know besides.
func (f *facts) remarks() string {
	if len(f.lost) == 0 {
		return f.told
	}
	said := fmt.Sprintf("hidden drafts that say they are of this operation and were never noted: %v; remove them by hand", f.lost)
	if f.told != "" {
		said = f.told + "; " + said
	}
	return said
}

func (f *facts) evidence(c *wire.Caller) publisher.Evidence {
	ev := publisher.Evidence{URL: c.RedactLine(f.url), Note: f.remarks()}
	for name, value := range f.ids {
		ev.GitHub = append(ev.GitHub, receipt.GitHubID{Name: name, Value: c.RedactLine(value)})
	}
	slices.SortFunc(ev.GitHub, func(a, b receipt.GitHubID) int { return strings.Compare(a.Name, b.Name) })
	if last := c.Last(); len(last) <= maxEvidence {
		ev.Answer = []byte(c.Redact(string(last)))
	}
	return ev
}
