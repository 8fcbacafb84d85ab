package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/omega/marketops/log"
	"golang.org/x/mod/sumdb/note"
)

// Limits of a request.
const (
	MaxProof   = 63                                            // hashes (C2SP tlog-witness)
	MaxRequest = log.MaxCheckpoint + MaxProof*45 + 32          // bytes
	maxHead    = len("old 18446744073709551615") + MaxProof*45 // bytes above the empty line
)

// Request is the body of add-checkpoint. Nothing in it is verified.
type Request struct {
	Old        uint64 // size that the witness is believed to have cosigned last
	Proof      []log.Hash
	Checkpoint []byte
}

// Format returns the body as C2SP tlog-witness has it.
func (r *Request) Format() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.Old)
	for _, h := range r.Proof {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), r.Checkpoint...)
}

// ParseRequest reads what [Request.Format] writes: parse, re-encode, compare. The error is
// [ErrMalformed].
func ParseRequest(body []byte) (*Request, error) {
	r, err := parseRequest(body)
	if err == nil && !bytes.Equal(r.Format(), body) {
		err = errors.New("not in its one spelling")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	return r, nil
}

func parseRequest(body []byte) (*Request, error) {
	if len(body) > MaxRequest {
		return nil, fmt.Errorf("longer than %d bytes", MaxRequest)
	}
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok || len(head) > maxHead {
		return nil, fmt.Errorf("no empty line after at most %d hashes", MaxProof)
	}
	lines := strings.Split(string(head), "\n")
	size, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return nil, errors.New("the first line does not begin with old")
	}
	old, err := strconv.ParseUint(size, 10, 64)
	if err != nil {
		return nil, errors.New("the old size is not a decimal")
	}
	r := &Request{Old: old, Checkpoint: bytes.Clone(checkpoint)}
	for _, line := range lines[1:] {
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(b) != len(log.Hash{}) || len(r.Proof) == MaxProof {
			return nil, fmt.Errorf("line %d is not a hash, or there are more than %d", len(r.Proof)+2, MaxProof)
		}
		r.Proof = append(r.Proof, log.Hash(b))
	}
	return r, nil
}

// signed is a checkpoint that a listed key of its origin signed. Raw holds the text and the
// verified signatures alone.
type signed struct {
	log.Checkpoint
	text string // what was signed, extension lines included
}

// open verifies a checkpoint. The origin is looked up before anything else is read: it says
// which keys may sign.
func (w *Witness) open(raw []byte) (*history, *signed, error) {
	origin, _, ok := strings.Cut(string(raw), "\n")
	if !ok {
		return nil, nil, fmt.Errorf("%w: there is no checkpoint", ErrMalformed)
	}
	h := w.logs[origin]
	if h == nil {
		return nil, nil, ErrUnknownLog
	}
	n, err := note.Open(raw, note.VerifierList(h.keys...))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrUnsigned, err)
	}
	cp, err := log.ParseUnverified(n.Text)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	n.UnverifiedSigs = nil
	if cp.Raw, err = note.Sign(n); err != nil {
		return nil, nil, err
	}
	return h, &signed{*cp, n.Text}, nil
}
