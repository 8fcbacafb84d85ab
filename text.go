package marketops

import (
	"fmt"
	"strings"
)

// ValidateLine checks one line of text: at most [MaxName] bytes, no control or bidirectional
// characters, no surrounding space. The code is [NameUnsafe].
func ValidateLine(what, s string) error {
	if strings.ContainsAny(s, "\n\t") || strings.TrimSpace(s) != s || len(s) > MaxName {
		return Refuse(NameUnsafe, fmt.Sprintf("%s %.80q is not one clean line of at most %d bytes", what, s, MaxName))
	}
	return ValidateText(what, s, MaxName)
}

// ValidateText checks text of several lines: UTF-8, at most limit characters, no CR, no trailing
// white space in any line or at the end, no control or bidirectional characters, and no line
// that looks like a marker, so that read-back can compare text + marker to the letter.
func ValidateText(what, s string, limit int) error {
	if len([]rune(s)) > limit {
		return Refuse(NameUnsafe, fmt.Sprintf("%s is longer than %d characters", what, limit))
	}
	if at := strings.IndexByte(s, '\r'); at >= 0 {
		return Refuse(NameUnsafe, fmt.Sprintf("%s has a carriage return (U+000D) on line %d: write it with LF line ends", what, 1+strings.Count(s[:at], "\n")))
	}
	for i, r := range s {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || isBidi(r) || r == '\uFFFD' {
			return Refuse(NameUnsafe, fmt.Sprintf("%s has the character %U at byte %d", what, r, i))
		}
	}
	if strings.HasSuffix(s, "\n") {
		return Refuse(NameUnsafe, what+" ends in an empty line")
	}
	for i, line := range strings.Split(s, "\n") {
		if strings.TrimRight(line, " \t") != line {
			return Refuse(NameUnsafe, fmt.Sprintf("%s line %d ends in white space", what, i+1))
		}
		low := strings.ToLower(line)
		if strings.Contains(low, "<!-- marketops") || strings.HasPrefix(low, "marketops-operation:") {
			return Refuse(NameUnsafe, fmt.Sprintf("%s line %d looks like a marker", what, i+1))
		}
	}
	return nil
}

func isBidi(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c || r == 0x2028 || r == 0x2029
}
