package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/lifecycle"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
)

// A state is what an audit knows after so many entries:
//
//	marketops.audit-state/v1\n
//	u64 BE length ‖ head, canonical JSON
//	u64 BE length ‖ section, four times: names, runs, text and live receipts of the tracker
//	SHA-256 of everything before
//
// The hash finds damage. It does not find a forger: an audit that goes on from a state believes
// what the state says of the entries below it. The log at that size is compared by its root.
const stateMagic = "marketops.audit-state/v1\n"

// MaxState is the size of the largest state that is read, in bytes.
const MaxState = 1 << 30

// maxStateHead bounds the JSON of a state: [verifier.MaxChecks] findings and few numbers.
const maxStateHead = 64 << 20

// stateHead is bound to everything that what follows rests on.
type stateHead struct {
	Program   string           `json:"program"`
	Origin    string           `json:"origin"`
	Trust     marketops.Digest `json:"trust"`  // of trust.json
	Policy    marketops.Digest `json:"policy"` // of the log policy in it
	Documents bool             `json:"documents"`
	Size      uint64           `json:"size"`
	Root      log.Hash         `json:"root"`

	Ledger       marketops.Time    `json:"ledger"`
	Latest       marketops.Time    `json:"latest"`
	Counts       map[string]uint64 `json:"counts"`
	Erased       uint64            `json:"erased"`
	Undocumented uint64            `json:"undocumented"`
	Unplanned    uint64            `json:"unplanned"`
	Checks       []verifier.Check  `json:"checks"`
	Omitted      int               `json:"omitted"`
	Misbehave    bool              `json:"misbehaved"`
	Course       []trust.Step      `json:"course"`
	Book         *lifecycle.State  `json:"book"`
}

// head says what a state must be bound to, to serve this audit.
func (a *audit) head() stateHead {
	return stateHead{Program: a.options.Program, Origin: a.tree.Checkpoint().Origin, Trust: a.trust.Digest(),
		Policy: marketops.DigestOf([]byte(a.trust.File().LogPolicy)), Documents: a.options.Document != nil}
}

// save hands the state after the first size entries to the caller, who keeps it.
func (a *audit) save(size uint64) {
	if a.options.Save == nil || a.saveErr != nil || a.lacking != nil {
		return
	}
	h := a.head()
	h.Size, h.Root, h.Ledger, h.Latest, h.Counts, h.Erased, h.Undocumented, h.Unplanned = size, a.roots.at(size), a.ledger, a.latest, a.counts, a.erased, a.undocumented, a.unplanned
	h.Course = a.course.Steps()
	h.Checks, h.Omitted, h.Misbehave = a.found, a.report.Omitted, a.report.ExitCode() == verifier.ExitMisbehaviour
	if h.Book, a.saveErr = a.tracker.State(); a.saveErr != nil {
		return
	}
	a.saveErr = a.options.Save(h.write)
}

// write writes a state piece by piece: it is never there as a whole.
func (h stateHead) write(w io.Writer) error {
	head, err := canon.Encode(h)
	if err != nil {
		return err
	}
	hash := sha256.New()
	both := io.MultiWriter(w, hash)
	_, err = io.WriteString(both, stateMagic)
	for _, s := range append([]lifecycle.Section{{head}}, h.Book.Sections[:]...) {
		for _, piece := range append(lifecycle.Section{binary.BigEndian.AppendUint64(nil, uint64(s.Len()))}, s...) {
			if err == nil {
				_, err = both.Write(piece)
			}
		}
	}
	if err == nil {
		_, err = w.Write(hash.Sum(nil))
	}
	return err
}

var errState = errors.New("this is no state of an audit, or it is damaged")

func decodeState(b []byte) (*stateHead, error) {
	n := len(b) - sha256.Size
	if n < len(stateMagic) || !bytes.HasPrefix(b, []byte(stateMagic)) {
		return nil, errState
	}
	if sum := sha256.Sum256(b[:n]); !bytes.Equal(sum[:], b[n:]) {
		return nil, errState
	}
	var sections [1 + lifecycle.Sections][]byte
	rest := b[len(stateMagic):n]
	for i := range sections {
		if len(rest) < 8 || binary.BigEndian.Uint64(rest) > uint64(len(rest)-8) {
			return nil, errState
		}
		size := 8 + binary.BigEndian.Uint64(rest)
		sections[i], rest = rest[8:size], rest[size:]
	}
	h := &stateHead{}
	if err := canon.Decode(sections[0], maxStateHead, h); err != nil || len(rest) > 0 || h.Book == nil {
		return nil, errState
	}
	for i, s := range sections[1:] {
		h.Book.Sections[i] = lifecycle.Section{s}
	}
	return h, nil
}

// resume goes on from a state, if it is one of this log under this trust file.
func (a *audit) resume() bool {
	h, err := decodeState(a.options.State)
	a.options.State = nil // it is large
	if err != nil {
		a.fail(verifier.Check{Name: CheckResume, Code: marketops.ConfigInvalid, Detail: err.Error()})
		return false
	}
	want, got := a.head(), *h
	for _, c := range []struct {
		what      string
		want, got any
	}{
		{"version of the program", want.Program, got.Program}, {"log", want.Origin, got.Origin}, {"trust file", want.Trust, got.Trust},
		{"log policy", want.Policy, got.Policy}, {"use of operation documents", want.Documents, got.Documents},
	} {
		if c.want != c.got {
			a.fail(verifier.Check{Name: CheckResume, Code: marketops.ConfigInvalid, Expected: fmt.Sprint(c.want), Got: fmt.Sprint(c.got), Detail: "the resume file was written for another " + c.what + ": remove it to start over"})
			return false
		}
	}
	if _, err := a.tree.Consistency(&log.Checkpoint{Origin: h.Origin, Size: h.Size, Root: h.Root}); err != nil {
		a.failErr(CheckResume, fmt.Sprintf("%s at size %d", h.Origin, h.Size), err)
		return false
	}
	return a.restore(h)
}

func (a *audit) restore(h *stateHead) (ok bool) {
	a.course = trust.NewCourse(a.trust, h.Course...)
	tracker, err := lifecycle.Resume(a.rules(), h.Book)
	if err == nil {
		err = a.roots.start(h.Size)
	}
	if err != nil {
		a.failErr(CheckResume, "", err)
		return false
	}
	for _, c := range h.Checks {
		a.fail(c)
	}
	if h.Misbehave && a.report.ExitCode() != verifier.ExitMisbehaviour {
		a.fail(verifier.Check{Name: CheckRoots, Code: marketops.SplitView, Detail: "found before the audit was interrupted, and no longer listed"})
	}
	a.report.Omitted += h.Omitted
	a.tracker, a.from, a.ledger, a.latest, a.erased, a.undocumented = tracker, h.Size, h.Ledger, h.Latest, h.Erased, h.Undocumented
	a.unplanned = h.Unplanned
	for name, n := range h.Counts {
		a.counts[name] = n
	}
	a.report.Pass(CheckResume, "", fmt.Sprintf("entries up to %d are taken from the resume file, whose root is the log's at that size", h.Size))
	return true
}
