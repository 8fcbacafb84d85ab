package marketops

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/omega/marketops/internal/grammar"
)

const (
	mailName = grammar.Alnum + "!#$%&'*+/=?^_`{|}~.[]-" // RFC 5322 atext and dots, and the brackets of GitHub's bots
	// crud is what git removes at both ends of a name and an e-mail address, beside control characters.
	crud = " .,:;<>\"\\'"
)

// ValidateIdentity refuses a name or an e-mail address that git would change, and says into what; and one that
// does not show what it is. The code is [NameUnsafe].
func ValidateIdentity(role, name, email string) error {
	if err := validateIdentityPart(role+" name", name); err != nil {
		return err
	}
	if err := validateIdentityPart(role+" e-mail", email); err != nil {
		return err
	}
	if !isEmail(email) {
		return Refuse(NameUnsafe, fmt.Sprintf("%s e-mail %.80q is not an address like release@example.com in ASCII: 1 to 64 characters, @, and a host", role, email))
	}
	return ValidateLine(role+" name", name)
}

func validateIdentityPart(what, s string) error {
	kept := keptByGit(s)
	switch {
	case kept == "":
		return Refuse(NameUnsafe, fmt.Sprintf("%s %.80q is empty, or git would leave nothing of it", what, s))
	case kept != s:
		r := Refuse(NameUnsafe, fmt.Sprintf("%s %.80q: git and GitHub would make %.80q of it", what, s, kept))
		r.Next = fmt.Sprintf("write %.80q", kept)
		return r
	}
	for i, r := range s {
		if isHidden(r) {
			return Refuse(NameUnsafe, fmt.Sprintf("%s %.80q has the invisible character %U at byte %d", what, s, r, i))
		}
	}
	return nil
}

// keptByGit is what git writes into an object of a name or an address: without < > and line breaks, and without
// what it removes at both ends.
func keptByGit(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("<>\n", r) {
			return -1
		}
		return r
	}, s)
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune(crud, r) })
}

func isEmail(s string) bool {
	local, host, _ := strings.Cut(s, "@")
	return grammar.Of(local, mailName, 1, 64) && grammar.Of(host, grammar.Alnum+".-", 1, 255) && keptByGit(s) == s
}

func isHidden(r rune) bool { return r == unicode.ReplacementChar || r != ' ' && !unicode.IsPrint(r) }
