package marketops

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/omega/marketops/internal/grammar"
)

// Host is where a GitHub is, in its one spelling: a lower-case name or an IPv4 address, without a dot at
// its end, and a port only where it is not 443. github.com stands for api.github.com. Two hosts are one
// only if they are equal; only [ParseHost] and reading a document make one.
type Host string

// ParseHost accepts the one spelling of a host. Codes: [RepositoryMismatch].
func ParseHost(s string) (Host, error) {
	if why := misspelled(s); why != "" {
		return "", Refuse(RepositoryMismatch, fmt.Sprintf("host %.300q %s", s, why))
	}
	return Host(s), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *Host) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHost(string(b))
	return err
}

// misspelled says why a text is not the one spelling of a host; "" if it is.
func misspelled(s string) string {
	name, port, with := strings.Cut(s, ":")
	switch {
	case name == "api.github.com" || name == "www.github.com":
		return "is written github.com"
	case strings.ToLower(s) != s:
		return "is written in lower case"
	case strings.HasSuffix(name, "."):
		return "is written without the dot at its end"
	case with && port == "443":
		return "is written without :443, which every https address has"
	case with && !isPort(port):
		return "has no port from 1 to 65535 after its colon"
	case !isHostName(name):
		return "is no host name and no IPv4 address"
	}
	return ""
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}

// isHostName: a name whose last label is a number is read as an address by many programs, in many ways.
func isHostName(s string) bool {
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if !grammar.Of(l, grammar.Lower+"-", 1, 63) || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	last := labels[len(labels)-1]
	if grammar.Of(last, "0-9", 1, 63) || strings.HasPrefix(last, "0x") {
		return len(labels) == 4 && !slices.ContainsFunc(labels, isNoByte)
	}
	return len(s) <= 253
}

func isNoByte(s string) bool {
	n, err := strconv.ParseUint(s, 10, 8)
	return err != nil || strconv.FormatUint(n, 10) != s
}
