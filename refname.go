package marketops

import (
	"fmt"
	"strings"

	"github.com/omega/marketops/internal/grammar"
)

// The names of tags and branches: what git (git-check-ref-format) and GitHub take, without what a shell, an address
// or a person could misread. docs/github.md has all sides in one table.
const (
	refFirst = grammar.Alnum + "_@"
	refChars = grammar.Alnum + "._/+@#=,-"
	anyHex   = "0-9a-fA-F"
	maxRef   = 255 // bytes of a full ref: "GH005: Sorry, refs longer than 255 bytes are not allowed"

	// Characters that git refuses in a ref, and those that a shell acts on.
	notGit   = " ~^:?*[\\\x7f"
	notShell = "!\"$%&'();<>`{|}]"
)

// ValidateTagName refuses what is no name for a tag. The code is [NameUnsafe]; Next says what to write instead.
func ValidateTagName(name string) error {
	return validateRef("tag", "refs/tags/", name, `choose a version, such as "v1.2.3"`)
}

// ValidateBranchName refuses what is no name for a branch. The code is [NameUnsafe]; Next says what to write instead.
func ValidateBranchName(name string) error {
	return validateRef("branch", "refs/heads/", name, `choose a name such as "release/1.2.3"`)
}

func validateRef(what, space, name, other string) error {
	why := refFault(space, name)
	if why == "" {
		return nil
	}
	r := Refuse(NameUnsafe, fmt.Sprintf("%s name %.80q %s", what, name, why))
	if r.Next = other; refFault(space, cleanRef(name)) == "" {
		r.Next = fmt.Sprintf("write %s instead of %.80s", cleanRef(name), strings.Trim(fmt.Sprintf("%q", name), `"`))
	}
	return r
}

// refFault says what is wrong with a name below refs/heads/ or refs/tags/, or "".
func refFault(space, name string) string {
	for _, rule := range []func(string) string{emptyFault, prefixFault, headFault, idFault, firstFault, characterFault, shapeFault} {
		if why := rule(name); why != "" {
			return why
		}
	}
	if most := maxRef - len(space); len(name) > most {
		return fmt.Sprintf("has %d bytes, at most %d: GitHub refuses refs of more than %d, %s included", len(name), most, maxRef, space)
	}
	return ""
}

func emptyFault(name string) string {
	if name == "" {
		return "is empty"
	}
	return ""
}

// refPrefixes lead from a short name to another ref than the one that is meant.
var refPrefixes = []string{"refs/", "heads/", "tags/", "remotes/"}

func prefixFault(name string) string {
	for i, p := range refPrefixes {
		switch {
		case !strings.HasPrefix(name, p):
		case i == 0:
			return `begins with "refs/", which GitHub does not allow: it puts refs/heads/ or refs/tags/ before the name itself`
		default:
			return fmt.Sprintf("begins with %q: git reads it as refs/%s…, another branch or tag", p, p)
		}
	}
	return ""
}

func headFault(name string) string {
	up := strings.ToUpper(name)
	switch {
	case name == "@":
		return "is git's short form of HEAD"
	case up == "HEAD":
		return "is git's own name for the checked-out commit: with such a tag or branch every clone says \"refname 'HEAD' is ambiguous\"; a disk that ignores letter case takes head for it, too"
	case strings.HasSuffix(up, "_HEAD") || up == "AUTO_MERGE":
		return fmt.Sprintf("is git's own: it keeps a commit of its own in the file %s", up)
	}
	return ""
}

func idFault(name string) string {
	if grammar.Of(name, anyHex, 40, 40) || grammar.Of(name, anyHex, 64, 64) {
		return fmt.Sprintf("has the form of a full object id (%d hex digits): git takes it for that object, and GitHub does not allow it", len(name))
	}
	return ""
}

func firstFault(name string) string {
	switch {
	case grammar.Begins(name, refFirst) || strings.ContainsRune(notGit+notShell+"./", rune(name[0])) || name[0] <= ' ' || name[0] >= 0x80:
		return ""
	case name[0] == '-':
		return `begins with "-": git and other commands take it for an option, and git makes no such tag or branch`
	case name[0] == '+':
		return `begins with "+": "git push" would take it for a force`
	}
	return fmt.Sprintf("begins with %q, which some shells act on; git and GitHub keep it", name[:1])
}

func characterFault(name string) string {
	for i, r := range name {
		at := fmt.Sprintf("has the character %q (%U) at byte %d", r, r, i)
		switch {
		case r < 0x80 && grammar.Of(string(r), refChars, 1, 1):
		case r < ' ' || strings.ContainsRune(notGit, r):
			return at + ", which git refuses"
		case r == '{' && i > 0 && name[i-1] == '@':
			return at + ` after "@", which git refuses`
		case r < 0x80:
			return at + ", which shells act on; git and GitHub keep it, marketops does not take it"
		default:
			return at + ": git and GitHub keep letters outside ASCII, but people cannot tell look-alikes apart, so marketops does not take them"
		}
	}
	return ""
}

func shapeFault(name string) string {
	switch {
	case strings.Contains(name, ".."):
		return `has "..", which git refuses: it means a range of commits`
	case strings.Contains(name, "//") || name[0] == '/' || strings.HasSuffix(name, "/"):
		return `has an empty part before, between or after slashes, which git refuses`
	case strings.HasSuffix(name, "."):
		return `ends in ".", which git refuses`
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return fmt.Sprintf("has the part %.80q: git refuses parts that begin with a dot", part)
		}
		if strings.HasSuffix(part, ".lock") {
			return fmt.Sprintf("has the part %.80q: git refuses parts that end in .lock, its own lock files", part)
		}
	}
	return ""
}

// cleanRef is a name like this one that may be free of faults: short, and with "-" for what is not taken.
func cleanRef(name string) string {
	var parts []string
	for part := range strings.SplitSeq(withoutPrefixes(name), "/") {
		if part = cleanPart(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}

func withoutPrefixes(name string) string {
	for _, p := range refPrefixes {
		if rest, ok := strings.CutPrefix(name, p); ok {
			return withoutPrefixes(rest)
		}
	}
	return name
}

func cleanPart(part string) string {
	words := strings.FieldsFunc(part, func(r rune) bool { return r >= 0x80 || !grammar.Of(string(r), refChars, 1, 1) })
	part = strings.Trim(strings.Join(words, "-"), "-.+#=,")
	for strings.Contains(part, "..") {
		part = strings.ReplaceAll(part, "..", ".")
	}
	return strings.TrimSuffix(part, ".lock")
}

// RefsAbove returns the names that cannot be refs beside a ref of this name, because it has slashes: for "a/b/c", "a" and "a/b".
func RefsAbove(name string) (out []string) {
	for i, r := range name {
		if r == '/' {
			out = append(out, name[:i])
		}
	}
	return out
}

// RefsCollide reports whether git has no room for both names: one is a folder of the other.
func RefsCollide(a, b string) bool {
	return strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}
