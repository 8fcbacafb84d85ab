package githubtest

import (
	"net/http"
	"strconv"
)

// The words of GitHub's refusals. Clients tell them apart by these, so they are kept to
// the letter.
const (
	wordsNotFound     = "Not Found"
	wordsBadSecret    = "Bad credentials"
	wordsNeedsAuth    = "Requires authentication"
	wordsNoPush       = "Resource not accessible by personal access token"
	wordsNoScope      = "Resource not accessible by integration"
	wordsBadJWT       = "A JSON web token could not be decoded"
	wordsNotGranted   = "The permissions requested are not granted to this installation."
	wordsNotInstalled = "There is at least one repository that does not exist or is not accessible to the parent installation."
	wordsArchived     = "Repository was archived so is read-only."
	wordsBlocked      = "Repository access blocked"
	wordsBadJSON      = "Problems parsing JSON"
	wordsInvalid      = "Validation Failed"
	wordsNoRef        = "Reference does not exist"
	wordsRefExists    = "Reference already exists"
	wordsNoObject     = "Object does not exist"
	wordsRefFailed    = "Reference update failed"
	wordsRefShape     = "Reference name must start with 'refs' and contain at least two slashes."
	wordsRefName      = " is not a valid ref name."
	wordsRefInRef     = "Sorry, branch or tag names starting with 'refs/' are not allowed."
	wordsRefHex       = "Sorry, branch or tag names consisting of 40 hex characters are not allowed."
	wordsRefLong      = "Sorry, refs longer than 255 bytes are not allowed."
	wordsEmptyRepo    = "Git Repository is empty."
	wordsNoBranch     = "Branch not found"
	wordsImmutable    = "Cannot upload assets to an immutable release."
	wordsImmutableDel = "Cannot delete asset from an immutable release."
	wordsBurntTag     = "tag_name was used by an immutable release"
	wordsReserved     = "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n"
	wordsNoTag        = "Published releases must have a valid tag"
)

// problem is one member of "errors" in a validation error.
type problem struct {
	Resource string `json:"resource,omitempty"`
	Code     string `json:"code"`
	Field    string `json:"field,omitempty"`
	Message  string `json:"message,omitempty"`
}

// refuse is GitHub's basic error.
func (c *call) refuse(status int, words string) answer {
	return answer{status: status, body: object{
		"message": words, "documentation_url": c.docs(), "status": strconv.Itoa(status),
	}}
}

func (c *call) notFound() answer { return c.refuse(http.StatusNotFound, wordsNotFound) }

func (c *call) unprocessable(words string) answer {
	return c.refuse(http.StatusUnprocessableEntity, words)
}

// invalid is GitHub's 422 "Validation Failed" with its reasons.
func (c *call) invalid(problems ...problem) answer {
	return answer{status: http.StatusUnprocessableEntity, body: object{
		"message": wordsInvalid, "errors": problems, "documentation_url": c.docs(), "status": "422",
	}}
}

func (c *call) docs() string {
	if c.route == nil {
		return "https://docs.github.com/rest"
	}
	return c.route.Docs
}
