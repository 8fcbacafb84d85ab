package leaks

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// ofLines are stricter than [Text] where a program could say the same: names such as highs_optimizer_options are no token.
var ofLines = []shape{
	of("a PuTTY private key", "putty-user-key-file-", `(?ms)^PuTTY-User-Key-File-[0-9]+: [a-z0-9-]+\r?$.*^Private-Lines: [0-9]+`),
	of("an age secret key", "age-secret-key-", `AGE-SECRET-KEY-(?:PQ-)?1[02-9A-Z]{40,}`),
	of("a minisign or signify secret key", "untrusted comment:", `(?m)^untrusted comment:.*\r?\nRW(?:RTY0Iy|RCSw|QAAEIy|RCTA|RCS0)`),
	of("a WireGuard private key", "privatekey|presharedkey", `(?mi)^[ \t]*(?:PrivateKey|PresharedKey)[ \t]*=[ \t]*[A-Za-z0-9+/]{43}=`),
	of("a signer's key of x/mod notes", "private+key+", `PRIVATE\+KEY\+[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40,}`),
	of("a GnuPG private key", "private-key", `(?s)\(11:private-key\(|\((?:21:)?protected-private-key\s*\(|\(private-key\s*\([a-z]+.{0,900}\(d #[0-9A-Fa-f]{2}`),
	of("an npm token", "npm_", `\bnpm_[A-Za-z0-9]{36}\b`),
	of("an npm login", "_authtoken|_password|_auth", `(?m)^[ \t]*//[^\s]+:_(?:authToken|password|auth)[ \t]*=[ \t]*"?[^\s"$]{8,}|^_auth(?:Token)?=[A-Za-z0-9+/=_-]{16,}\r?$`),
	of("a PyPI token", "pypi-age", `\bpypi-AgE[A-Za-z0-9_-]{32,}`),
	of("a login in .pypirc", "password", `(?ms)^\[(?:distutils|pypi|testpypi|server-login)\].*^[ \t]*password[ \t]*[=:][ \t]*[^\s%$<{][^\s]{5,}`),
	of("a login in .netrc", "password", `\A(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:machine\s+\S+|default)\s+(?:(?:login|account)\s+\S+\s+)*password\s+[^\s$<{]\S*`),
	of("a login of git", "http", `(?m)^https?://[^\s:/@]+:[^\s/@$<{]{8,}@[^\s/]+/?\r?$`),
	of("a GitLab token", "glpat-", `\bglpat-[A-Za-z0-9_-]{20,}`),
	of("a Docker token", "dckr_pat_", `\bdckr_pat_[A-Za-z0-9_-]{20,}`),
	of("a Slack token", "xox", `\bxox[abprs]-[0-9]{8,}-[A-Za-z0-9-]{16,}`),
	of("an AWS secret key", "aws", `(?i)aws_?secret_?access_?key["']?[ \t]*[=:][ \t]*["']?[A-Za-z0-9/+]{40}\b`),
	of("an Azure storage key", "accountkey=", `AccountKey=[A-Za-z0-9+/]{86}==`),
	of("a key of a kubeconfig", "client-key-data", `(?m)client-key-data["']?:[ \t]*["']?[A-Za-z0-9+/]{40,}`),
	of("a token of a kubeconfig", "token:", `(?ms)^kind:[ \t]*Config\b.*^[ \t-]*token:[ \t]*["']?[A-Za-z0-9._-]{20,}|^[ \t-]*token:[ \t]*["']?[A-Za-z0-9._-]{20,}.*^kind:[ \t]*Config\b`),
	of("a GitHub token", "ghp_|gho_|ghu_|ghs_|ghr_|github_pat_", `\bgh[opusr]_(?:[A-Za-z0-9]{20,}|[0-9]+_[A-Za-z0-9_.-]{36,})|\bgithub_pat_[A-Za-z0-9_]{16,}`),
	awsKey,
}

// example is the access key of AWS's own manuals.
var example = regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{9}EXAMPLE\b`)

// lines finds what one line, or a few, give away.
func lines(data []byte) string {
	data = example.ReplaceAll(data, nil)
	low := bytes.ToLower(data)
	for _, s := range ofLines {
		if s.hinted(low) && s.matches(data) {
			return s.what
		}
	}
	return ""
}

var ofJSON = []struct {
	what  string
	forms []*regexp.Regexp // all of them
}{
	{"a private JWK", []*regexp.Regexp{regexp.MustCompile(`"kty"\s*:`), regexp.MustCompile(`"[dk]"\s*:\s*"[A-Za-z0-9_-]{20,}"`)}},
	{"a private in-toto key", []*regexp.Regexp{regexp.MustCompile(`"keyval"\s*:`), regexp.MustCompile(`"private"\s*:\s*"[^"]{20,}"`)}},
	{"a Google login", []*regexp.Regexp{regexp.MustCompile(`"client_secret"\s*:\s*"[^"]{8,}"`), regexp.MustCompile(`"refresh_token"\s*:\s*"[^"]{8,}"`)}},
	{"a Docker login", []*regexp.Regexp{regexp.MustCompile(`"auths"\s*:`), regexp.MustCompile(`"(?:auth|identitytoken)"\s*:\s*"[A-Za-z0-9+/=._-]{8,}"`)}},
}

// structured finds credentials in a file that is JSON as a whole.
func structured(data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' && data[0] != '[' || !json.Valid(data) {
		return ""
	}
next:
	for _, s := range ofJSON {
		for _, form := range s.forms {
			if !form.Match(data) {
				continue next
			}
		}
		return s.what
	}
	return ""
}
