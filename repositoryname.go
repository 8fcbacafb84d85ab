package marketops

import (
	"fmt"
	"strings"

	"github.com/omega/marketops/internal/grammar"
)

// Limits of GitHub for the two parts of a repository's full name, in characters.
const (
	maxOwner      = 39
	maxRepository = 100
	repoChars     = grammar.Alnum + "._-"
)

// ValidateRepository refuses what is no owner/name of a repository on GitHub. The code is [NameUnsafe].
func ValidateRepository(fullName string) error {
	owner, name, _ := strings.Cut(fullName, "/")
	why := ownerFault(owner)
	if why == "" {
		why = repositoryFault(name)
	}
	if why == "" {
		return nil
	}
	return &Refusal{Code: NameUnsafe, What: fmt.Sprintf("repository %.200q: %s", fullName, why), Next: "write owner/name as GitHub shows it"}
}

// ownerFault says what is wrong with the name of a user or an organisation, or "". GitHub gives new ones single hyphens and
// none at the end, and keeps older ones that have them. A managed user's name ends in "_" and the short code of the enterprise.
func ownerFault(owner string) string {
	user, code, managed := strings.Cut(owner, "_")
	switch {
	case owner == "":
		return "it has no owner"
	case len(owner) > maxOwner:
		return fmt.Sprintf("the owner has %d characters, at most %d", len(owner), maxOwner)
	case !grammar.Begins(user, grammar.Alnum) || !grammar.Of(user, grammar.Alnum+"-", 1, maxOwner) || managed && !grammar.Of(code, grammar.Alnum, 1, maxOwner):
		return fmt.Sprintf("the owner %.80q is not letters and digits with hyphens between, and for managed users _ and a short code at the end", owner)
	}
	return ""
}

func repositoryFault(name string) string {
	low := strings.ToLower(name)
	switch {
	case name == "":
		return "it has no name after the owner"
	case len(name) > maxRepository:
		return fmt.Sprintf("the name has %d characters, at most %d", len(name), maxRepository)
	case name == "." || name == "..":
		return "the name means a folder"
	case !grammar.Of(name, repoChars, 1, maxRepository):
		return fmt.Sprintf("the name %.120q is not letters, digits and ._- only; GitHub makes \"-\" of others", name)
	case strings.HasSuffix(low, ".git"):
		return `the name ends in ".git", which GitHub removes`
	case strings.HasSuffix(low, ".wiki"):
		return `the name ends in ".wiki", which GitHub keeps for wikis`
	}
	return ""
}
