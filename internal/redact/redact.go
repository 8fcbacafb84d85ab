// Package redact removes credentials from text before it leaves the process: into records, evidence, journals, errors and
// diagnostics. A server that was shown a credential can repeat it in any spelling, so the text is read as a reader
// would decode it and not as it stands:
//
//	letter case, white space, line breaks, control and invisible characters make no difference
//	\u0067 \x67 \147 %67 &#103; &#x67; are the character, also where they are escaped again, to a depth of [maxDepth]
//	the bytes in hex, with or without separators, and in base64 of either alphabet, at any place of a longer value
//
// A text that was cut off in the middle of a credential loses the beginning of it as well.
package redact

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
)

// Redacted stands where a credential stood.
const Redacted = "[redacted]"

const (
	maxDepth = 4 // escapes of escapes
	// minEncoded is how many bytes a secret has that is looked for in other spellings, and how much of one is looked for at
	// the end of a text. Shorter ones would be found by chance.
	minEncoded = 8
)

// Redactor knows the credentials that were ever used. The zero value knows none. It may be used from many goroutines.
type Redactor struct {
	mu    sync.Mutex
	known []string   // as they are
	forms [][]string // of each, in lower case, without what is passed over
}

// Add makes a credential known.
func (r *Redactor) Add(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if secret == "" || slices.Contains(r.known, secret) {
		return
	}
	r.known = append(r.known, secret)
	if len(secret) >= minEncoded {
		r.forms = append(r.forms, formsOf(secret))
	}
}

// formsOf returns the spellings that decoding of escapes does not undo.
func formsOf(secret string) []string {
	forms := []string{squeeze(secret), hex.EncodeToString([]byte(secret))}
	for before := range 3 { // bytes that stand before the secret in its group of three
		raw := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), secret...))
		first, last := (before*8+5)/6, (before+len(secret))*8/6
		forms = append(forms, squeeze(raw[first:last]))
	}
	return forms
}

// squeeze is what a text is compared as.
func squeeze(s string) string {
	out := make([]byte, 0, len(s))
	for _, c := range []byte(s) {
		if c = plain(c); c != 0 {
			out = append(out, c)
		}
	}
	return string(out)
}

// plain folds case and the two alphabets of base64, and is 0 for what is passed over.
func plain(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A'
	case c == '-':
		return '+'
	case c == '_':
		return '/'
	case c <= ' ' || c >= 0x7f || c == '\\':
		return 0
	}
	return c
}

// Text removes every credential that is known.
func (r *Redactor) Text(s string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range r.known {
		s = strings.ReplaceAll(s, secret, Redacted)
	}
	if len(r.forms) == 0 {
		return s
	}
	var gone spans
	letters := read(s)
	for depth := 0; depth < maxDepth && letters != nil; depth++ {
		for _, view := range []text{letters.visible(), letters.digits()} {
			for _, forms := range r.forms {
				gone = view.find(forms, gone)
			}
		}
		letters = letters.unescape()
	}
	return gone.cut(s)
}
