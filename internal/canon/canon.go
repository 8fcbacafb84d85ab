// Package canon reads and writes the one JSON form that is signed or hashed here.
//
// Writing yields RFC 8785 (JCS) bytes. Reading is strict: duplicate or unknown
// members, wrong case, invalid UTF-8, trailing data, nesting deeper than
// [MaxDepth] and input longer than the caller's limit are errors, and so is any
// input that is not byte for byte what writing the decoded value yields. The
// comparison is what makes absent members, null, odd number spellings and
// re-ordered members impossible, so callers need no field-by-field presence checks.
//
// [DecodeLoose] drops only the comparison. It is for JSON that others write
// (DSSE envelopes, hand-edited files), never for bytes whose digest is a name.
package canon

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is the deepest nesting of arrays and objects that is read.
const MaxDepth = 32

// ErrNotCanonical reports input that decodes but is not its own RFC 8785 form.
var ErrNotCanonical = errors.New("not in canonical form (RFC 8785)")

// maxDigits is how many digits any integer may have: RFC 8785 numbers are doubles, and longer
// ones would be rounded without a word.
const maxDigits = 15

var errLongNumber = fmt.Errorf("a number has more than %d digits", maxDigits)

// Encode returns the RFC 8785 form of v. Numbers of more than 15 digits are refused.
func Encode(v any) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	if longNumber(b) {
		return nil, errLongNumber
	}
	c := jsontext.Value(b)
	if err := c.Canonicalize(); err != nil {
		return nil, err
	}
	return c, nil
}

// Decode reads data into v, a pointer to a zero value, accepting canonical bytes only.
func Decode(data []byte, limit int, v any) error {
	if err := DecodeLoose(data, limit, v); err != nil {
		return err
	}
	return Check(data, v)
}

// Check returns [ErrNotCanonical] unless writing v, which was read from data, yields data.
func Check(data []byte, v any) error {
	again, err := Encode(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return ErrNotCanonical
	}
	return nil
}

// DecodeLoose reads data into v, a pointer to a zero value, strictly but in any member order and spacing.
func DecodeLoose(data []byte, limit int, v any) error {
	if len(data) > limit {
		return fmt.Errorf("longer than %d bytes", limit)
	}
	if err := checkDepth(data); err != nil {
		return err
	}
	if longNumber(data) {
		return errLongNumber
	}
	return json.Unmarshal(data, v, json.RejectUnknownMembers(true))
}

func longNumber(data []byte) bool {
	digits, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && c >= '0' && c <= '9':
			if digits++; digits > maxDigits {
				return true
			}
			continue
		}
		digits = 0
	}
	return false
}

// checkDepth bounds nesting before any value is built.
func checkDepth(data []byte) error {
	if bytes.Count(data, []byte("{"))+bytes.Count(data, []byte("[")) <= MaxDepth {
		return nil // most documents, and counting is quick
	}
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return fmt.Errorf("nested deeper than %d", MaxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
