package log

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/omega/marketops/crypto"
)

// Signature types of C2SP signed-note that are understood here.
const (
	typeLog     = 0x01 // Ed25519 over the note text
	typeWitness = 0x04 // Ed25519 over the note text and a time, C2SP tlog-cosignature
)

// Vkey returns the verifier key of a log (C2SP signed-note, type 0x01):
// origin "+" eight hex digits of the key id "+" base64(0x01 ‖ key).
func Vkey(origin string, key crypto.PublicKey) string { return vkey(origin, typeLog, key) }

// WitnessVkey returns the verifier key of a witness (C2SP signed-note, type 0x04).
func WitnessVkey(name string, key crypto.PublicKey) string { return vkey(name, typeWitness, key) }

// LogID returns SHA-256(origin "\n" 0x01 ‖ key). Its first four bytes are the key id of a
// checkpoint signature; Sigstore trusted roots name a log by all 32.
func LogID(origin string, key crypto.PublicKey) Hash { return keyHash(origin, typeLog, key) }

func vkey(name string, typ byte, key crypto.PublicKey) string {
	id := keyHash(name, typ, key)
	return fmt.Sprintf("%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(append([]byte{typ}, key.Raw()...)))
}

func keyHash(name string, typ byte, key crypto.PublicKey) Hash {
	b := append([]byte(name), '\n', typ)
	return sha256.Sum256(append(b, key.Raw()...))
}

// keyID is how a signature line names its key.
type keyID struct {
	name string
	hash uint32
}

// ParseVkey reads the verifier key of a log whose checkpoints are signed by Ed25519. Its name is
// the log's origin; for logs of a [Policy] it must be a host name, elsewhere any key name will do.
func ParseVkey(s string) (Party, error) {
	name, key, err := parseVkey(s, typeLog)
	return Party{Name: name, Vkey: s, Key: key}, err
}

// parseVkey reads a verifier key of one signature type: parse, re-encode, compare.
func parseVkey(s string, typ byte) (string, crypto.PublicKey, error) {
	name, rest, _ := strings.Cut(s, "+")
	_, b64, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || CheckName(name) != nil || len(raw) == 0 {
		return "", crypto.PublicKey{}, fmt.Errorf("%.80q is not a verifier key", s)
	}
	if raw[0] != typ {
		return "", crypto.PublicKey{}, fmt.Errorf("%.80q has signature type 0x%02x, want 0x%02x", name, raw[0], typ)
	}
	key, err := crypto.NewPublicKey(raw[1:])
	if err != nil {
		return "", crypto.PublicKey{}, fmt.Errorf("%.80q: %w", name, err)
	}
	if vkey(name, typ, key) != s {
		return "", crypto.PublicKey{}, fmt.Errorf("the key id in %.80q is not the one of name and key", s)
	}
	return name, key, nil
}

func newKeyID(name string, typ byte, key crypto.PublicKey) keyID {
	h := keyHash(name, typ, key)
	return keyID{name, binary.BigEndian.Uint32(h[:4])}
}

// CheckName accepts the key names of C2SP signed-note: no space, no control character, no '+',
// here at most [MaxOrigin] bytes.
func CheckName(s string) error {
	bad := func(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) }
	if s == "" || len(s) > MaxOrigin || !utf8.ValidString(s) || strings.IndexFunc(s, bad) >= 0 {
		return fmt.Errorf("%.80q is not the name of a key", s)
	}
	return nil
}

// CheckOriginLine accepts the origin of any log (C2SP tlog-checkpoint), which need be neither a host name nor the name
// of its key: one line of text that is not empty, without control characters, of at most [MaxOrigin] bytes.
func CheckOriginLine(s string) error {
	if s == "" || len(s) > MaxOrigin || !utf8.ValidString(s) || strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return fmt.Errorf("%.80q is not an origin", s)
	}
	return nil
}

// CheckOrigin accepts a bare host name: letters, digits, '-' and '_' in labels of at most 63
// bytes, joined by dots. A path or a port would hide the log from stock Sigstore verifiers,
// which look the log up by the host name of its URL.
func CheckOrigin(s string) error {
	if len(s) > MaxOrigin {
		return errors.New("the origin is too long")
	}
	for _, label := range strings.Split(s, ".") {
		if label == "" || len(label) > 63 || strings.IndexFunc(label, notHost) >= 0 {
			return fmt.Errorf("origin %.80q is not a bare host name", s)
		}
	}
	return nil
}

func notHost(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}
