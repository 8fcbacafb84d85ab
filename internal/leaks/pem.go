package leaks

import (
	"bytes"
	"regexp"
)

// minKey is how many characters of base64 the shortest key has: 16 bytes of a secret in any frame are more.
const minKey = 40

var (
	header = regexp.MustCompile(`-{4,5} ?BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1) ?-{4,5}`)
	// member is a header line of a block, such as Proc-Type: 4,ENCRYPTED
	member  = regexp.MustCompile(`(?m)^[ \t]*[A-Za-z][A-Za-z0-9-]*: .*(?:\\\r?\n.*)*$`)
	escaped = regexp.MustCompile(`\\[nrt]|\\u000[aAdD]|&#(?:10|13|x0*[aAdD]);|%0[aAdD]`)
	cover   = regexp.MustCompile(`[\s"',;+|#>*]+`)
)

// pem finds a block of a private key: its first line and the key behind it.
func pem(data []byte) string {
	for _, at := range header.FindAllSubmatchIndex(data, -1) {
		rest := data[at[1]:min(len(data), at[1]+4<<10)]
		if end := bytes.Index(rest, []byte("---")); end >= 0 {
			rest = rest[:end]
		}
		if countKey(rest) >= minKey {
			return "a private key (" + string(data[at[2]:at[3]]) + ")"
		}
	}
	return ""
}

// countKey counts the characters of base64 or hex that follow a first line.
func countKey(rest []byte) int {
	rest = escaped.ReplaceAll(rest, []byte("\n"))
	rest = member.ReplaceAll(rest, nil)
	key := leading.Find(strip(rest))
	if !isVaried(key) {
		return 0
	}
	return len(key)
}

// isVaried tells a key from prose and from placeholders such as xxxx: of base64 and hex a good part are capital letters or digits.
func isVaried(text []byte) bool {
	tall := 0
	for _, c := range text {
		if c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			tall++
		}
	}
	return tall*5 >= len(text)
}

var leading = regexp.MustCompile(`^[A-Za-z0-9/=_-]+`)

// strip takes away what is between the lines of a block: white space, and the quotes, commas, plus signs and comment
// characters of a program. A plus sign is of base64 too, and is not missed.
func strip(text []byte) []byte { return cover.ReplaceAll(text, nil) }
