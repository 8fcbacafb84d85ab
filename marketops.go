// Package marketops holds the nouns that every other package shares: modes,
// digests, times, identifiers, operations, checks and refusal codes.
//
// A team publishes to GitHub only what was authorised: exactly that content,
// exactly once, and a stranger can check it offline. The words:
//
//	run         one walk of a plan through authorisation and publication; named by a [RunID]
//	operation   one thing to be published; its canonical document is an [Operation]
//	receipt     the signed authority to do one operation once; named by a [ReceiptID]
//	check       one question a gate or a verifier asked, and its answer; a [Check]
//	refusal     the system said no and nothing was sent; a [Refusal] with a [Code]
//	failure     something broke and the state is known; a [Failure]
//	unknown     GitHub may have changed and nobody can tell yet; an [Unknown]
//
// The zero value of every type with a say in security refuses: [Mode], [Digest],
// [RunID], [ReceiptID], [Status].
package marketops

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Mode says whether a run may touch GitHub. The zero value may not, and is invalid.
type Mode string

// The two modes; there are no others and no synonyms.
const (
	DryRun Mode = "dry_run"
	Prod   Mode = "prod"
)

// Digest is a SHA-256 digest. Its text form is "sha256:" and 64 lower-case hex digits.
type Digest [sha256.Size]byte

const (
	digestPrefix = "sha256:"
	digestText   = len(digestPrefix) + 2*sha256.Size
)

// DigestOf returns the SHA-256 digest of b.
func DigestOf(b []byte) Digest { return sha256.Sum256(b) }

// ParseDigest reads the text form, and nothing looser.
func ParseDigest(s string) (d Digest, err error) { err = d.UnmarshalText([]byte(s)); return d, err }

// String returns the text form.
func (d Digest) String() string { return digestPrefix + d.Hex() }

// Hex returns the 64 hex digits alone.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// Short returns the form shown to people: four hex digits, an ellipsis, four more.
func (d Digest) Short() string { h := d.Hex(); return h[:4] + "…" + h[60:] }

// IsZero reports whether d was never set.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText implements [encoding.TextMarshaler].
func (d Digest) MarshalText() ([]byte, error) {
	return hex.AppendEncode(append(make([]byte, 0, digestText), digestPrefix...), d[:]), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Digest) UnmarshalText(b []byte) error {
	h, ok := bytes.CutPrefix(b, []byte(digestPrefix))
	if !ok || !isHex(h, 2*len(d)) {
		*d = Digest{}
		return fmt.Errorf("%.80q is not sha256: and 64 lower-case hex digits", bytes.Clone(b))
	}
	_, err := hex.Decode(d[:], h)
	return err
}

// Time is a moment in whole seconds since the Unix epoch; its text form is RFC 3339 in UTC.
type Time int64

const timeLayout = time.RFC3339 // in UTC: "2006-01-02T15:04:05Z"

// TimeOf returns the second that t lies in.
func TimeOf(t time.Time) Time { return Time(t.Unix()) }

// Time returns t as a [time.Time] in UTC.
func (t Time) Time() time.Time { return time.Unix(int64(t), 0).UTC() }

// Add returns t moved by d, cut to whole seconds.
func (t Time) Add(d time.Duration) Time { return t + Time(d/time.Second) }

// Sub returns the time from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Second }

// String returns the text form.
func (t Time) String() string { return t.Time().Format(timeLayout) }

// MarshalText implements [encoding.TextMarshaler]; years outside 1970 to 9999 are refused.
func (t Time) MarshalText() ([]byte, error) {
	if y := t.Time().Year(); t < 0 || y > 9999 {
		return nil, fmt.Errorf("time %d lies outside 1970 to 9999", int64(t))
	}
	return t.Time().AppendFormat(make([]byte, 0, len(timeLayout)), timeLayout), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *Time) UnmarshalText(b []byte) error {
	var again [len(timeLayout)]byte
	p, err := time.Parse(timeLayout, string(b))
	if err != nil || string(p.UTC().AppendFormat(again[:0], timeLayout)) != string(b) || p.Year() < 1970 {
		return fmt.Errorf("%.40q is not a UTC time like 2006-01-02T15:04:05Z", bytes.Clone(b))
	}
	*t = TimeOf(p)
	return nil
}

// RunID names one run: "r-" and 128 random bits in lower-case hex.
type RunID string

// ReceiptID names one receipt: "c-" and 128 random bits in lower-case hex.
type ReceiptID string

// NewRunID makes a run id out of 16 random bytes.
func NewRunID(random [16]byte) RunID { return RunID("r-" + hex.EncodeToString(random[:])) }

// NewReceiptID makes a receipt id out of 16 random bytes.
func NewReceiptID(random [16]byte) ReceiptID {
	return ReceiptID("c-" + hex.EncodeToString(random[:]))
}

// Valid reports whether r has the form of a run id.
func (r RunID) Valid() bool { return validID(string(r), "r-") }

// Valid reports whether r has the form of a receipt id.
func (r ReceiptID) Valid() bool { return validID(string(r), "c-") }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *RunID) UnmarshalText(b []byte) error {
	if *r = RunID(b); !r.Valid() {
		return fmt.Errorf("%.60q is not a run id", b)
	}
	return nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *ReceiptID) UnmarshalText(b []byte) error {
	if *r = ReceiptID(b); !r.Valid() {
		return fmt.Errorf("%.60q is not a receipt id", b)
	}
	return nil
}

func validID(s, prefix string) bool {
	h, ok := strings.CutPrefix(s, prefix)
	return ok && isHex(h, 32)
}

func isHex[T string | []byte](s T, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Refusal says that the system said no: what it looked at, what state that leaves and
// what to do next. Nothing was sent. errors.Is(err, code) finds its code.
type Refusal struct {
	Code   Code
	What   string // the thing that was refused, in words
	Checks Checks // every check of the gate, in order, where a gate refused
	State  string // what is true now; "" means the code's own text
	Next   string // what to type; "" means the code's own text
	Err    error  // the cause, if another error is one
}

// Refuse returns a refusal with the state and next step of the code's own table entry.
func Refuse(code Code, what string) *Refusal { return &Refusal{Code: code, What: what} }

// RefuseErr is [Refuse] with a cause.
func RefuseErr(code Code, what string, err error) *Refusal {
	return &Refusal{Code: code, What: what, Err: err}
}

func (r *Refusal) Error() string { return sentence(r.Code, r.What, r.Err) }

// Unwrap makes errors.Is find the code and the cause.
func (r *Refusal) Unwrap() []error { return causes(r.Code, r.Err) }

// Failure says that something broke and that the state is known.
type Failure struct {
	Code  Code
	What  string
	State string
	Next  string
	Err   error
}

func (f *Failure) Error() string { return sentence(f.Code, f.What, f.Err) }

// Unwrap makes errors.Is find the code and the cause.
func (f *Failure) Unwrap() []error { return causes(f.Code, f.Err) }

// Unknown says that GitHub may have changed and that a later look must decide.
type Unknown struct {
	Code  Code
	What  string
	State string
	Next  string
	Err   error
}

func (u *Unknown) Error() string { return sentence(u.Code, u.What, u.Err) }

// Unwrap makes errors.Is find the code and the cause.
func (u *Unknown) Unwrap() []error { return causes(u.Code, u.Err) }

func sentence(c Code, what string, err error) string {
	s := string(c)
	if what != "" {
		s += ": " + what
	}
	if err != nil {
		s += ": " + err.Error()
	}
	return s
}

func causes(c Code, err error) []error {
	if err == nil {
		return []error{c}
	}
	return []error{c, err}
}

// CodeOf returns the code that err carries, or "" if it carries none.
func CodeOf(err error) Code {
	var c Code
	if errors.As(err, &c) {
		return c
	}
	return ""
}
