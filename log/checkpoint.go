package log

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is the size and root of a log at one moment. [Policy.Open] returns only verified
// ones; a value made otherwise proves nothing.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
	Raw    []byte // the signed note as it came, cosignatures included
}

// Text returns the three lines that a log signs.
func (c *Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

func parseText(text string) (*Checkpoint, error) {
	c, err := ParseUnverified(text)
	if err != nil {
		return nil, err
	}
	if err := CheckOrigin(c.Origin); err != nil {
		return nil, err
	}
	if c.Size == 0 && c.Root != EmptyRoot() {
		return nil, errors.New("an empty log has another root")
	}
	return c, nil
}

// ParseUnverified reads the text of any log's checkpoint, without Raw. Nobody has verified it:
// it is for a witness, which must tell logs apart before it knows a key, and whose logs need not
// be named like hosts. Extension lines are covered by the signatures and otherwise without
// meaning here (C2SP tlog-checkpoint).
func ParseUnverified(text string) (*Checkpoint, error) {
	lines := bytes.SplitN([]byte(text), []byte("\n"), 4)
	if len(lines) != 4 {
		return nil, errors.New("a checkpoint has three lines")
	}
	c, err := &Checkpoint{Origin: string(lines[0])}, CheckOriginLine(string(lines[0]))
	if err != nil {
		return nil, err
	}
	if c.Size, err = parseDecimal(string(lines[1]), MaxSize); err != nil {
		return nil, fmt.Errorf("size: %w", err)
	}
	if c.Root, err = parseBase64Hash(string(lines[2])); err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	return c, nil
}

// parseDecimal reads a decimal without sign, leading zero or other spelling, at most max.
func parseDecimal(s string, max uint64) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != s || n > max {
		return 0, fmt.Errorf("%.40q is not a decimal of at most %d", s, max)
	}
	return n, nil
}

func parseBase64Hash(s string) (h Hash, err error) {
	b, err := strict.AppendDecode(make([]byte, 0, len(h)+1), []byte(s))
	if err != nil || len(b) != len(h) || len(s) != base64.StdEncoding.EncodedLen(len(h)) {
		return h, fmt.Errorf("%.60q is not the base64 of %d bytes", s, len(h))
	}
	return Hash(b), nil
}

// strict knows one spelling, but that it skips newlines: these show in the length.
var strict = base64.StdEncoding.Strict()

// openNote checks form and signatures of a signed note. Each key may sign once: with two
// cosignatures by one witness it would be a matter of taste which time counts.
func openNote(raw []byte, known map[keyID]note.Verifier) (*note.Note, error) {
	if len(raw) > MaxCheckpoint {
		return nil, fmt.Errorf("longer than %d bytes", MaxCheckpoint)
	}
	if i := bytes.LastIndex(raw, []byte("\n\n")); i >= 0 && bytes.Count(raw[i+2:], []byte("\n")) > MaxSignatures {
		return nil, fmt.Errorf("more than %d signatures", MaxSignatures)
	}
	return note.Open(raw, &once{known: known, seen: map[keyID]bool{}})
}

// once is a [note.Verifiers] that lets each known key sign one line.
type once struct {
	known map[keyID]note.Verifier
	seen  map[keyID]bool
}

func (o *once) Verifier(name string, hash uint32) (note.Verifier, error) {
	id := keyID{name, hash}
	v, ok := o.known[id]
	if !ok {
		return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
	}
	if o.seen[id] {
		return nil, fmt.Errorf("%.80q signed twice", name)
	}
	o.seen[id] = true
	return v, nil
}

// verifier is a key of a policy in its role; the type of signature follows from the role.
type verifier struct {
	keyID
	verify func(text, sig []byte) bool
}

func (v *verifier) Name() string                 { return v.name }
func (v *verifier) KeyHash() uint32              { return v.hash }
func (v *verifier) Verify(text, sig []byte) bool { return v.verify(text, sig) }

func logVerifier(p Party) *verifier {
	return &verifier{newKeyID(p.Name, typeLog, p.Key), p.Key.Verify}
}

// witnessVerifier verifies cosignature/v1: u64 BE seconds ‖ Ed25519 over
// "cosignature/v1\ntime <seconds>\n" and the note text (C2SP tlog-cosignature).
func witnessVerifier(p Party) *verifier {
	return &verifier{newKeyID(p.Name, typeWitness, p.Key), func(text, sig []byte) bool {
		at, ok := cosignatureTime(sig)
		return ok && p.Key.Verify(cosignedText(at, text), sig[timeSize:])
	}}
}

// Cosign returns the signature line of a witness over the whole text of a note, extension lines
// included, which says that it has seen no other history of this log and nothing larger by this
// time. That this is so is the caller's to know.
func Cosign(by crypto.Signer, name string, at marketops.Time, text string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	if at <= 0 || at > maxCosignTime {
		return "", fmt.Errorf("no cosignature has the time %d", at)
	}
	sig, err := by.Sign(cosignedText(at, []byte(text)))
	if err != nil {
		return "", err
	}
	id := keyHash(name, typeWitness, by.Public())
	line := binary.BigEndian.AppendUint64(append([]byte(nil), id[:4]...), uint64(at))
	return fmt.Sprintf("\u2014 %s %s\n", name, base64.StdEncoding.EncodeToString(append(line, sig...))), nil
}

const (
	timeSize      = 8
	cosigSize     = timeSize + 64
	maxCosignTime = 253402300799 // 9999-12-31T23:59:59Z
)

func cosignedText(at marketops.Time, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), text...)
}

func cosignatureTime(sig []byte) (marketops.Time, bool) {
	if len(sig) != cosigSize {
		return 0, false
	}
	t := binary.BigEndian.Uint64(sig)
	return marketops.Time(t), t > 0 && t <= maxCosignTime
}
