package answer

import (
	"net/http"
	"slices"
	"strings"
)

// kind is one reason for which GitHub refuses, and what helps.
type kind struct {
	status []int // nil: any
	says   []string
	next   string
	passes bool // GitHub may take it back a moment later
}

// GrantWrite is what helps where GitHub says no more than that the credential may not do it.
const GrantWrite = "give the credential the permission that is missing: Contents: write, and for pull requests Pull requests: write; of a GitHub App accept it on the page of its installation, too"

var forbidden = []int{http.StatusForbidden}

// kinds are tried in order. The words are those of public reports, which the tests name.
var kinds = []kind{
	{forbidden, []string{"saml enforcement", "saml sso", "saml single sign-on"},
		"the organisation demands single sign-on: authorise this credential for it on GitHub, or use a GitHub App, which needs no such authorisation", false},
	{forbidden, []string{"ip allow list"},
		"run the command from an address that the organisation allows, or ask an owner to put this machine's address on its IP allow list", false},
	{[]int{http.StatusUnavailableForLegalReasons, http.StatusForbidden}, []string{"repository access blocked"},
		"GitHub has blocked the repository, and its owner has to settle that with GitHub; nothing can be published there until then", false},
	{[]int{http.StatusUnavailableForLegalReasons}, nil,
		"GitHub may not show this for legal reasons; the owner of the repository has to settle that with GitHub", false},
	{forbidden, []string{"installation has been suspended", "installation is suspended"},
		"the installation of the GitHub App is suspended: resume it on its page", false},
	{forbidden, []string{"account was suspended", "account is suspended", "account has been suspended", "user is suspended", "account is flagged", "account was flagged"},
		"GitHub has suspended the account behind the credential: ask GitHub's support, or use the credential of another account", false},
	{forbidden, []string{"oauth app access restrictions"},
		"an owner of the organisation has to approve the OAuth App that made the token, or use a GitHub App or a fine-grained token", false},
	{forbidden, []string{"lifetime is greater than"},
		"the organisation takes only tokens that end sooner: give this one an earlier expiry, or make another", false},
	{forbidden, []string{"forbids access via"},
		"the organisation takes no token of this kind: use one that it allows, best a GitHub App", false},
	{forbidden, []string{"two-factor"},
		"the organisation demands two-factor authentication: switch it on for the account behind the credential", false},
	{forbidden, []string{"email address must be verified", "verify your email"},
		"verify an e-mail address of the account behind the credential", false},
	{forbidden, []string{"was archived so is read-only", "repository is archived"},
		"unarchive the repository, or leave it out", false},
	{forbidden, []string{"being migrated", "locked for migration", "repository has been locked"},
		"wait until GitHub has moved the repository, then type the same command again", false},
	{forbidden, []string{"has been disabled", "is disabled", "organization has been flagged", "has been flagged"},
		"GitHub has disabled the repository or its owner: its owner has to settle that with GitHub's support", false},
	{forbidden, []string{"billing", "account payments", "spending limit"},
		"an owner has to settle the bill of the account", false},
	{[]int{http.StatusForbidden, http.StatusNotFound}, []string{"must have admin rights", "must have push access"},
		"give the user behind the credential write access to the repository, or use another credential", true},
	{forbidden, []string{"resource not accessible by"},
		GrantWrite, true},
	{[]int{http.StatusConflict}, []string{"repository is empty"},
		"push a first commit to the repository", false},
	{[]int{http.StatusGone}, nil,
		"GitHub has switched this off for the repository: an administrator can switch it on in its settings", false},
}

// find returns the kind of a refusal. The header of single sign-on says more than any words.
func find(status int, header http.Header, words string) (kind, bool) {
	if ssoAddress(header) != "" && status == http.StatusForbidden {
		return kinds[0], true
	}
	for _, k := range kinds {
		if k.status != nil && !slices.Contains(k.status, status) {
			continue
		}
		if k.says == nil || slices.ContainsFunc(k.says, func(s string) bool { return strings.Contains(words, s) }) {
			return k, true
		}
	}
	return kind{}, false
}
