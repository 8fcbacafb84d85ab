package maintain

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

// NextTrust is where a proposed trust file is written, in the state folder. Nothing reads it there:
// a person looks at it, hands it out and puts it in the old one's place.
const NextTrust = "trust.next.json"

// propose writes the trust file of the next version, in which a log key begins and another ends.
// The new line comes last: clients take the last log of the policy for the current one.
func (s *State) propose(begins string, ends trust.LogKeyEnd) (path string, err error) {
	f := s.trust.Next(s.now())
	f.LogPolicy = strings.TrimRight(f.LogPolicy, "\n") + "\nlog " + begins + "\n"
	f.LogKeyEnds = append(slices.Clone(f.LogKeyEnds), ends)
	b, err := json.Marshal(f, jsontext.WithIndent("  "))
	if err != nil {
		return "", err
	}
	b = append(b, '\n')
	if _, err := trust.Parse(b); err != nil {
		return "", err
	}
	path = filepath.Join(s.dir, NextTrust)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return "", &marketops.Failure{Code: marketops.StateMissing, What: "the proposed trust file", Err: err}
	}
	return path, nil
}

// newest returns the largest checkpoint that this state folder has of its log: the published one,
// or the last one signed where a crash came between.
func (s *State) newest() (*log.Checkpoint, error) {
	var out *log.Checkpoint
	for _, path := range []string{filepath.Join(s.config.Log, log.CheckpointPath), s.mark()} {
		raw, err := regular.ReadPath(path, log.MaxCheckpoint)
		if errors.Is(err, fs.ErrNotExist) && out != nil {
			continue
		}
		if err != nil {
			return nil, &marketops.Failure{Code: marketops.LogUnavailable, What: "checkpoint", Err: err}
		}
		cp, err := s.open(raw)
		if err != nil {
			return nil, err
		}
		if out == nil || cp.Size > out.Size {
			out = cp
		}
	}
	return out, nil
}

// open reads a checkpoint of the configured log. No witness is asked for: the mark has none.
func (s *State) open(raw []byte) (*log.Checkpoint, error) {
	text := "quorum none\n"
	for _, l := range s.trust.Log().Logs() {
		text += "log " + l.Vkey + "\n"
	}
	p, err := log.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	cp, err := p.Open(raw)
	if err == nil && cp.Origin != s.config.Origin {
		err = marketops.Refuse(marketops.CheckpointUnsigned, "the checkpoint is of "+cp.Origin+", core.yaml says "+s.config.Origin)
	}
	return cp, err
}

func (s *State) mark() string { return filepath.Join(s.dir, "checkpoint.mark") }

// Rotated says which key signs the log from which size on.
type Rotated struct {
	Origin   string
	Size     uint64 // the old key signs nothing above it
	Old, New string // vkeys
	Trust    string // path of the proposed trust file
}

// Rotate proposes a trust file under which next signs the log from now on and old, which is the
// key in use, nothing above what it has signed. It changes nothing else. Codes: key-unknown where
// old is not the log's key or has an end, trust-missing where next is a key that trust.json has.
func (s *State) Rotate(old, next crypto.PublicKey) (*Rotated, error) {
	r := &Rotated{Origin: s.config.Origin, Old: log.Vkey(s.config.Origin, old), New: log.Vkey(s.config.Origin, next)}
	if s.trust.Log().Ended(r.Old) {
		return nil, marketops.Refuse(marketops.KeyUnknown, r.Old+" has an end in trust.json already")
	}
	cp, err := s.newest()
	if err != nil {
		return nil, err
	}
	r.Size = cp.Size
	r.Trust, err = s.propose(r.New, trust.LogKeyEnd{Vkey: r.Old, Size: int64(cp.Size)})
	return r, err
}
