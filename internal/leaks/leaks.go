// Package leaks recognises private keys and credentials by their form, so that they are not published by mistake.
//
// A text that people write has no honest use for even the beginning of a key: [Text] refuses that. A file may hold the
// words of a key's first line, as a program does that reads keys: [File] asks for the key itself behind them.
//
// What is recognised:
//
//	PEM         private keys of every kind, encrypted ones too: PKCS #8, RSA, EC, DSA, OpenSSH, SSH2, Sigstore, cosign;
//	            OpenPGP private key blocks, OpenVPN static keys; also in UTF-16, with escaped line ends, or in base64
//	DER         PKCS #8, encrypted PKCS #8, PKCS #1, SEC 1, DSA; PKCS #12 stores
//	stores      Java JKS and JCEKS, Bouncy Castle BKS; OpenPGP secret-key packets; GnuPG, SSH 1, PVK and Tor key files
//	lines       PuTTY, age, minisign, signify, WireGuard, notes of x/mod
//	JSON, YAML  private JWKs, in-toto keys, kubeconfig, Google refresh tokens, Docker logins
//	tokens      GitHub, GitLab, npm, PyPI, Docker, Slack, AWS; logins in .netrc, .npmrc, .pypirc and .git-credentials
//
// Public keys, certificates, signatures and lists of digests are none of these. Archives are not opened.
package leaks

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// MaxFile is how many bytes a file has at most that is searched: 1 MiB. A larger one is no key.
const MaxFile = 1 << 20

// shape is one form, what it is called, and words in lower case without which it does not occur.
type shape struct {
	what  string
	words []string // one of them; a form alone takes a second for a megabyte
	form  *regexp.Regexp
}

func of(what, words, form string) shape {
	return shape{what, strings.Split(words, "|"), regexp.MustCompile(form)}
}

func (s shape) hinted(low []byte) bool {
	return slices.ContainsFunc(s.words, func(word string) bool { return bytes.Contains(low, []byte(word)) })
}

// matches reports whether a text holds the form with something else than the x of manuals, as in ghp_xxxx.
func (s shape) matches(data []byte) bool {
	return slices.ContainsFunc(s.form.FindAll(data, -1), func(found []byte) bool {
		return len(bytes.Trim(found[len(found)/2:], "xX")) > 0
	})
}

var (
	awsKey = of("an AWS access key", "akia|asia", `\b(AKIA|ASIA)[A-Z0-9]{16}\b`)
	tokens = []shape{
		of("a GitHub token", "ghp_|gho_|ghu_|ghs_|ghr_|github_pat_", `gh[opusr]_[A-Za-z0-9_]{16,}|github_pat_[A-Za-z0-9_]{16,}`),
		awsKey,
	}
	beginning = of("a private key in PEM", "-----begin", `-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY`)
)

// Text says what secret a text seems to hold and on which line, counted from 1; "" where it seems to hold none.
func Text(text string) (what string, line int) {
	for _, s := range slices.Concat(tokens, []shape{beginning}, ofLines) {
		if at := s.form.FindStringIndex(text); at != nil && s.matches([]byte(text)) {
			return s.what, 1 + strings.Count(text[:at[0]], "\n")
		}
	}
	if what := File([]byte(text)); what != "" {
		return what, 1
	}
	return "", 0
}

// File says what secret the bytes of a file are or hold; "" where they seem to hold none. Only files of at most
// [MaxFile] bytes are to be given.
func File(data []byte) string {
	data = plainText(data)
	for _, find := range []func([]byte) string{binaryKey, pem, wrapped, lines, structured} {
		if what := find(data); what != "" {
			return what
		}
	}
	return ""
}

// plainText turns UTF-16 with a byte-order mark into UTF-8, and drops that of UTF-8.
func plainText(data []byte) []byte {
	if rest, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); ok {
		return rest
	}
	little := bytes.HasPrefix(data, []byte("\xff\xfe"))
	if !little && !bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		if little {
			units = append(units, uint16(data[i])|uint16(data[i+1])<<8)
		} else {
			units = append(units, uint16(data[i])<<8|uint16(data[i+1]))
		}
	}
	return []byte(string(utf16.Decode(units)))
}

// armour is how the words BEGIN of PEM look in base64, at each of the three places of a group.
var armour = regexp.MustCompile(`(?:LS0tLS1CRUdJTi|LS0tQkVHSU4g|LS0tLUJFR0lO)[A-Za-z0-9+/\r\n \t]{40,}`)

// wrapped finds a key in base64, as Kubernetes keeps them.
func wrapped(data []byte) string {
	for _, found := range armour.FindAll(data, -1) {
		text := bytes.Join(bytes.Fields(found), nil)
		inner, _ := base64.StdEncoding.DecodeString(string(text[:len(text)/4*4]))
		if what := pem(append([]byte("--"), inner...)); what != "" {
			return what + ", in base64"
		}
	}
	return ""
}
