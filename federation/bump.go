package federation

import (
	"regexp"
	"strings"
)

var semverRE = regexp.MustCompile(`^v?(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// Bump says what a tag's own number makes of a version (Semantic Versioning 2.0.0): major,
// minor, patch or prerelease, and none for a tag that is no version. It does not look at
// earlier versions: policy must not rest on what a requester reports about them.
func Bump(tag string) string {
	if i := strings.LastIndexByte(tag, '/'); i >= 0 {
		tag = tag[i+1:]
	}
	m := semverRE.FindStringSubmatch(tag)
	switch {
	case m == nil:
		return "none"
	case m[4] != "":
		return "prerelease"
	case m[3] != "0":
		return "patch"
	case m[2] != "0":
		return "minor"
	}
	return "major"
}
