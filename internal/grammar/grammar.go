// Package grammar says what names may consist of. It stands in place of regular expressions, which
// would make up a good part of the offline verifier's program.
package grammar

// Letters and digits of ASCII, for [Of].
const (
	Lower = "a-z0-9"
	Alnum = "A-Za-z0-9"
)

// Of reports whether s has min to max bytes, all of them in set. In a set "a-z" stands for a
// range; a minus at its end stands for itself.
func Of(s, set string, min, max int) bool {
	if len(s) < min || len(s) > max {
		return false
	}
	for i := range len(s) {
		if !in(s[i], set) {
			return false
		}
	}
	return true
}

// Begins reports whether the first byte of s is in set.
func Begins(s, set string) bool { return s != "" && in(s[0], set) }

func in(c byte, set string) bool {
	for len(set) > 0 {
		if len(set) > 2 && set[1] == '-' {
			if set[0] <= c && c <= set[2] {
				return true
			}
			set = set[3:]
			continue
		}
		if set[0] == c {
			return true
		}
		set = set[1:]
	}
	return false
}
