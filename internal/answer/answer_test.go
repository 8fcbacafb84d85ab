package answer

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func at(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

const sso = "https://github.com/orgs/acme/sso?authorization_request=AAAA"

// TestReports are answers as people reported them.
func TestReports(t *testing.T) {
	for report, c := range map[string]struct {
		status      int
		sso, body   string
		words, next string
		address     string
	}{
		"ossf/scorecard#1504, octokit/octokit.js#663": {403, "required; url=" + sso, `{"message":"Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.","documentation_url":"https://docs.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/"}`,
			"SAML enforcement. You must grant", "authorise this credential", sso},
		"mapbox/github-release-tools#28": {403, "", `{"message":"Resource protected by organization SAML enforcement. You must grant your personal token access to this organization.","documentation_url":"https://help.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/"}`,
			"SAML enforcement", "single sign-on", "https://help.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/"},
		"SalesforceFoundation/NPSP#7247": {403, "", "{\"message\":\"Although you appear to have the correct authorization credentials, the `SalesforceFoundation` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.\"}",
			"`SalesforceFoundation` organization has an IP allow list enabled", "IP allow list", ""},
		"github/rest-api-description#3314": {451, "", `{"message":"Repository access blocked","block":{"reason":"dmca","created_at":"2021-04-22T17:53:56Z","html_url":"https://github.com/github/dmca/blob/master/2021/04/2021-04-20-ultimate-character-controller.md"}}`,
			"Repository access blocked (dmca)", "blocked the repository", "https://github.com/github/dmca/blob/master/2021/04/2021-04-20-ultimate-character-controller.md"},
		"kulkansecurity/gitxray#9":                {403, "", `{"message":"Repository access blocked","block":{"reason":"tos","html_url":"https://github.com/tos"}}`, "(tos)", "blocked the repository", "https://github.com/tos"},
		"sourcegraph-public-snapshot#16638":       {403, "", `{"message":"Sorry. Your account was suspended."}`, "Your account was suspended", "suspended the account", ""},
		"pd4d10/git-touch#31, aeonfun/aeon#1083":  {403, "", "{\"message\":\"Although you appear to have the correct authorization credentials, the `xxx` organization has enabled OAuth App access restrictions, meaning that data access to third-parties is limited. For more information on these restrictions, including how to whitelist this app, visit https://help.github.com/articles/restricting-access-to-your-organization-s-data/\"}", "OAuth App access restrictions", "approve the OAuth App", "https://help.github.com/articles/restricting-access-to-your-organization-s-data/"},
		"NixOS/org#247":                           {403, "", `{"message":"The 'NixOS' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 90 days. Please adjust your token's lifetime at the following URL: https://github.com/settings/personal-access-tokens/12885303","status":"403"}`, "greater than 90 days", "earlier expiry", "https://github.com/settings/personal-access-tokens/12885303"},
		"a kind of token that is not allowed":     {403, "", "{\"message\":\"`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.\"}", "forbids access via a personal access token (classic)", "no token of this kind", ""},
		"an archived repository":                  {403, "", `{"message":"Repository was archived so is read-only."}`, "archived so is read-only", "unarchive", ""},
		"an App that may not":                     {403, "", `{"message":"Resource not accessible by integration"}`, "not accessible by integration", "Contents: write", ""},
		"tiledocs-dev/tiledocs-editor#3":          {409, "", `{"message":"Git Repository is empty."}`, "Git Repository is empty", "push a first commit", ""},
		"something that is switched off":          {410, "", `{"message":"Issues are disabled for this repo"}`, "Issues are disabled", "switched this off", ""},
		"an installation that is suspended":       {403, "", `{"message":"This installation has been suspended"}`, "suspended", "resume it on its page", ""},
		"the unicorn (martenbjork/github-xp#23)":  {503, "", "<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head></html>", "a web page: Unicorn! · GitHub", "", ""},
		"a page without a title":                  {404, "", "<html></html>", "a web page", "", ""},
		"nothing that can be read":                {403, "", "forbidden", "", "", ""},
		"a member of another type":                {403, "", `{"message":"Sorry. Your account was suspended.","errors":"none"}`, "account was suspended", "suspended the account", ""},
		"a refusal that needs no help of its own": {422, "", `{"message":"Validation Failed","documentation_url":"https://docs.github.com/rest"}`, "Validation Failed", "", ""},
	} {
		h := http.Header{}
		if c.sso != "" {
			h.Set("X-GitHub-SSO", c.sso)
		}
		a := Of(c.status, h, []byte(c.body), at(t, "https://api.github.com/"))
		if !strings.Contains(a.Words, c.words) || !strings.Contains(a.Next, c.next) || (c.next == "") != (a.Next == "") || a.Address != c.address {
			t.Errorf("%s: %+v", report, a)
		}
		if c.address != "" && !strings.Contains(a.Words+a.Next, c.address) {
			t.Errorf("%s: the address is not shown: %+v", report, a)
		}
	}
}

// TestPassing: what GitHub takes back is asked again.
func TestPassing(t *testing.T) {
	for words, final := range map[string]bool{"Resource not accessible by integration": false, "Must have admin rights to Repository.": false, "Not Found": false, "Sorry. Your account was suspended.": true} {
		if a := Of(403, nil, []byte(`{"message":"`+words+`"}`), nil); a.Final != final {
			t.Errorf("%s: %+v", words, a)
		}
	}
}

// TestAddresses: no address is shown but https at GitHub, and nothing that a terminal obeys.
func TestAddresses(t *testing.T) {
	ghes := at(t, "https://ghe.example.com/api/v3/")
	for address, safe := range map[string]bool{
		sso: true, "https://docs.github.com/x": true, "https://ghe.example.com/orgs/a/sso": true,
		"http://github.com/orgs/a/sso": false, "https://github.com.evil.example/sso": false, "https://evilgithub.com/": false, "https://user:pw@github.com/": false, "https://github.com@evil.example/": false, "https://github.com:444/": false,
		"https://evil.example/": false, "javascript:alert(1)": false, "https://github.com/\x1b[31m": false, "https://github.com/\u202e": false, "https://gith\u00fcb.com/": false, "https://github.com/" + strings.Repeat("a", maxAddress): false, "//github.com/": false, "file:///etc/passwd": false,
	} {
		a := Of(403, http.Header{"X-Github-Sso": {"required; url=" + address}}, []byte(`{"message":"SAML enforcement","block":{"html_url":"`+address+`"}}`), ghes)
		if (a.Address == address) != safe || !safe && a.Address != "" {
			t.Errorf("%q: %+v", address, a)
		}
	}
	a := Of(403, nil, []byte(`{"message":"see http://evil.example/a\u001b[31m, https://evil.example/b?c. and https://github.com/settings, https://github.com/a\u202eb \u202enow"}`), ghes)
	if strings.Contains(a.Words, "evil") || strings.ContainsAny(a.Words, "\x1b\u202e") || !strings.Contains(a.Words, "https://github.com/settings") {
		t.Errorf("%q", a.Words)
	}
	if a := Of(403, nil, []byte(`{"message":"`+strings.Repeat("x", 5000)+`"}`), nil); len(a.Words) > maxWords+len("…") {
		t.Errorf("%d characters", len(a.Words))
	}
	if s := siteOf(at(t, "https://api.acme.ghe.com/")); s != "acme.ghe.com" {
		t.Error(s)
	}
}

func FuzzOf(f *testing.F) {
	f.Add(403, "required; url="+sso, []byte(`{"message":"SAML enforcement","block":{}}`))
	f.Add(503, "", []byte("<title>x"))
	api, _ := url.Parse("https://api.github.com/")
	f.Fuzz(func(t *testing.T, status int, header string, body []byte) {
		a := Of(status, http.Header{"X-Github-Sso": {header}}, body, api)
		if strings.ContainsAny(a.Words+a.Next+a.Address, "\x1b\n\r\u202e") || a.Address != "" && !strings.HasPrefix(a.Address, "https://") {
			t.Errorf("%+v", a)
		}
	})
}
