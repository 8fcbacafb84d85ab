package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

// forbidden is how GitHub refuses for a reason that lies with the organisation, the account or the law, and where that was
// reported.
type forbidden struct {
	status int
	header http.Header
	body   object
	page   string // HTML in place of the body
}

// forbiddens are the answers of the action [Forbid], by the name that its message gives.
var forbiddens = map[string]forbidden{
	// ossf/scorecard#1504, fwouts/prmonitor#1042
	"saml": {status: 403, header: http.Header{"X-Github-Sso": {"required; url=https://github.com/orgs/octo-org/sso?authorization_request=AZSCKL"}}, body: object{
		"message":           "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.",
		"documentation_url": "https://docs.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/"}},
	// SalesforceFoundation/NPSP#7247
	"ip-list": {status: 403, body: object{
		"message": "Although you appear to have the correct authorization credentials, the `octo-org` organization has an IP allow list enabled, and your IP address is not permitted to access this resource."}},
	// github/rest-api-description#3314, slapperwan/gh4a#651
	"dmca": {status: 451, body: object{"message": "Repository access blocked", "block": object{
		"reason": "dmca", "created_at": "2021-04-22T17:53:56Z", "html_url": "https://github.com/github/dmca/blob/master/2021/04/2021-04-20-widgets.md"}}},
	// kulkansecurity/gitxray#9
	"tos": {status: 403, body: object{"message": "Repository access blocked", "block": object{
		"reason": "tos", "created_at": "2023-02-02T15:50:17Z", "html_url": "https://github.com/tos"}}},
	// octokit/octokit.rb#761, sourcegraph/sourcegraph-public-snapshot#16638
	"suspended": {status: 403, body: object{"message": "Sorry. Your account was suspended."}},
	// aeonfun/aeon#1083, pd4d10/git-touch#31
	"oauth": {status: 403, body: object{
		"message": "Although you appear to have the correct authorization credentials, the `octo-org` organization has enabled OAuth App access restrictions, meaning that data access to third-parties is limited. For more information on these restrictions, including how to whitelist this app, visit https://help.github.com/articles/restricting-access-to-your-organization-s-data/"}},
	// NixOS/org#247, HHS/simpler-grants-gov#2547
	"lifetime": {status: 403, body: object{
		"message": "The 'octo-org' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 90 days. Please adjust your token's lifetime at the following URL: https://github.com/settings/personal-access-tokens/12885303"}},
	"archived": {status: 403, body: object{"message": "Repository was archived so is read-only."}},
	// martenbjork/github-xp#23
	"unicorn": {status: 503, page: unicorn},
	// an answer of something between us and GitHub: addresses elsewhere, and what a terminal obeys
	"elsewhere": {status: 403, header: http.Header{"X-Github-Sso": {"required; url=https://github.com.example.net/sso"}}, body: object{
		"message": "SAML enforcement \x1b[31m: log in at https://evil.example.net/login", "documentation_url": "http://github.com/plain"}},
}

func isForbidden(name string) bool { _, ok := forbiddens[name]; return ok }

// forbidNames lists the answers, for help texts.
func forbidNames() string {
	var names []string
	for name := range forbiddens {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (c *call) forbid(name string) answer {
	f := forbiddens[name]
	a := answer{status: f.status, header: f.header.Clone(), body: f.body}
	if f.page != "" {
		a.body, a.raw, a.media = nil, []byte(f.page), "text/html; charset=utf-8"
	}
	return a
}
