// Package answer reads how GitHub refuses something, for people: its own words, an address that it names, and what
// helps. Nothing is decided by it but whether asking again can help.
//
// The words are those of the JSON body, or the title of a web page. They come from a server, so they are put on one line, bounded,
// and without hidden characters, and every address in them that is not https at GitHub is taken away. Who shows them removes
// credentials first (package redact).
package answer

import (
	"bytes"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops/internal/visible"
)

const (
	maxWords   = 400     // characters
	maxAddress = 1000    // bytes
	maxBody    = 1 << 20 // bytes that are read of a refusal
)

// Answer is a refusal of GitHub. The zero value says nothing.
type Answer struct {
	Words   string // GitHub's own; "" where it gave none that can be read
	Address string // https at GitHub; "" where it named none
	Next    string // what helps; "" where that depends on what was asked
	Final   bool   // asking again does not help until a person has done something
}

// Of reads a refusal. api is the configured address.
func Of(status int, header http.Header, body []byte, api *url.URL) Answer {
	if len(body) > maxBody {
		body = body[:maxBody]
	}
	said := parse(body)
	site := siteOf(api)
	a := Answer{Words: site.words(said.words()), Address: site.first(ssoAddress(header), said.Block.HTMLURL)}
	if a.Words == "" {
		a.Words = site.words(title(header, body))
	}
	k, known := find(status, header, strings.ToLower(a.Words))
	if !known {
		return a
	}
	if a.Address == "" {
		a.Address = site.first(append(addresses.FindAllString(a.Words, -1), said.help())...)
	}
	a.Next, a.Final = k.next, !k.passes
	if a.Address != "" && !strings.Contains(a.Words, a.Address) {
		a.Next += ": " + a.Address
	}
	return a
}

// Advice is what helps, in words of this package alone, for callers that repeat nothing of a server; "" where that depends
// on what was asked.
func Advice(status int, header http.Header, data []byte) string {
	if len(data) > maxBody {
		data = data[:maxBody]
	}
	k, _ := find(status, header, strings.ToLower(parse(data).words()))
	return k.next
}

// body is a refusal in JSON; its members are loose because they only inform.
type body struct {
	Message          string `json:"message"`
	DocumentationURL string `json:"documentation_url"`
	Errors           []any  `json:"errors"`
	Block            struct {
		Reason  string `json:"reason"`
		HTMLURL string `json:"html_url"`
	} `json:"block"`
}

// parse reads what can be read: a member of another type must not hide the message.
func parse(data []byte) (b body) {
	if json.Unmarshal(data, &b) != nil {
		b = body{}
		var only struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(data, &only) == nil {
			b.Message = only.Message
		}
	}
	return b
}

// help is the page about the reason; the page about the request, which every refusal names, is none.
func (b body) help() string {
	if strings.Contains(b.DocumentationURL, "/rest") {
		return ""
	}
	return b.DocumentationURL
}

// Raw returns the words of a refusal as they came: to tell one refusal from another, and never to be shown. They are empty
// where the body cannot be read.
func Raw(data []byte) string { return parse(data[:min(len(data), maxBody)]).words() }

// words are the message, the errors, in which a 422 often has its reason, and the reason of a block.
func (b body) words() string {
	parts := []string{b.Message}
	for _, e := range b.Errors {
		switch e := e.(type) {
		case string:
			parts = append(parts, e)
		case map[string]any:
			for _, name := range []string{"field", "code", "message"} {
				if s, ok := e[name].(string); ok {
					parts = append(parts, s)
				}
			}
		}
	}
	if b.Block.Reason != "" {
		parts = append(parts, "("+b.Block.Reason+")")
	}
	return strings.Join(parts, " ")
}

var titles = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// title names a web page that came in the place of an answer.
func title(header http.Header, data []byte) string {
	data = bytes.TrimSpace(data)
	if !strings.HasPrefix(strings.ToLower(header.Get("Content-Type")), "text/html") && !bytes.HasPrefix(data, []byte("<")) {
		return ""
	}
	if m := titles.FindSubmatch(data); m != nil {
		return "a web page: " + html.UnescapeString(string(m[1]))
	}
	return "a web page"
}

var requiredSSO = regexp.MustCompile(`^required;\s*url=(\S+)$`)

// ssoAddress is where a credential is authorised for an organisation with single sign-on.
func ssoAddress(header http.Header) string {
	if m := requiredSSO.FindStringSubmatch(header.Get("X-GitHub-SSO")); m != nil {
		return m[1]
	}
	return ""
}

// site is the host name of GitHub for people.
type site string

// siteOf is github.com for api.github.com, acme.ghe.com for api.acme.ghe.com, and the host itself for an Enterprise Server.
func siteOf(api *url.URL) site {
	if api == nil {
		return ""
	}
	host := strings.ToLower(api.Hostname())
	if host == "api.github.com" || strings.HasSuffix(host, ".ghe.com") {
		host = strings.TrimPrefix(host, "api.")
	}
	return site(host)
}

// first is the first address that is https at GitHub.
func (s site) first(all ...string) string {
	for _, a := range all {
		if a = strings.TrimRight(a, ".,;:)]}>'\"`"); s.allows(a) {
			return a
		}
	}
	return ""
}

var plainAddress = regexp.MustCompile(`^https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+$`)

func (s site) allows(address string) bool {
	if len(address) > maxAddress || !plainAddress.MatchString(address) {
		return false
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Port() != "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return host == "github.com" || strings.HasSuffix(host, ".github.com") || s != "" && host == string(s)
}

var addresses = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*:(?://)?[^\s"'<>]*[^\s"'<>.,;:)]`)

// words makes foreign text fit for a line.
func (s site) words(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	text = addresses.ReplaceAllStringFunc(text, func(a string) string {
		if !strings.Contains(a, "//") || s.first(a) != "" {
			return a
		}
		return "[an address elsewhere]"
	})
	text = visible.Text(text)
	if all := []rune(text); len(all) > maxWords {
		text = string(all[:maxWords]) + "…"
	}
	return text
}
