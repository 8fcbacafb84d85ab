// Package witness cosigns the checkpoints of logs: it says of each that it has seen no other
// history of that log. It is the witness's side of C2SP tlog-witness, without HTTP.
//
// # Request
//
// A log hands over its newest checkpoint, the size that the witness cosigned last, and a proof
// that the one extends the other:
//
//	old <size>
//	<base64 of a hash>        at most 63 lines (RFC 6962 §2.1.2)
//
//	<the checkpoint, a signed note>
//
// The answer is one signature line, cosignature/v1 (C2SP tlog-cosignature), or an error. They are
// asked for in this order, as that page has them:
//
//	ErrMalformed    400  not of that form, or beyond the limits
//	ErrUnknownLog   404  no listed log has this origin
//	ErrUnsigned     403  no listed key of that origin made a signature that verifies, or one of theirs does not
//	ErrOldSize      400  the old size is above the checkpoint's
//	*Stale          409  the old size is not the one cosigned last, which it carries
//	ErrFork         422  another root at the size cosigned last
//	ErrProof        422  the hashes do not lead from the old root to the new one
//
// Signatures by unknown keys are ignored, whatever their type; logs must sign by Ed25519 (0x01).
// An origin is any line of text. It need be neither a host name nor the name of the log's key: who
// witnesses such a log names both.
//
// # What is never signed
//
// For one origin no two roots of one size, no size below one that was signed, and nothing that
// does not extend the last: the last checkpoint of each log lies in a file of its own, which is
// durable before the signature over it exists. Between reading and replacing it nobody else does
// either, in this process (a mutex for each log) or another (a lock on the folder). A file that
// cannot be read or that no listed key signed is an error and never "no checkpoint yet"; that is
// why a log's old key must stay listed beside its new one.
//
// The first checkpoint of a log is taken on trust. A witness that has lost its folder would do
// so again and could be led to sign a fork: its key must then be retired with it.
//
//	<dir>/lock                            held while the witness runs
//	<dir>/vkey                            whose state this is; another witness's is refused
//	<dir>/<sha256 of origin>.checkpoint   what was cosigned last, as the log signed it
//	<dir>/<sha256 of origin>.fork         two checkpoints of one size with two roots: proof against the log
package witness

import (
	"errors"
	"fmt"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"golang.org/x/mod/sumdb/note"
)

// What a request may be refused for. All other errors are the witness's own trouble.
var (
	ErrMalformed  = errors.New("the request is malformed")
	ErrUnknownLog = errors.New("the origin is of no log that is witnessed here")
	ErrUnsigned   = errors.New("no key of this log signed the checkpoint")
	ErrOldSize    = errors.New("the old size is above the checkpoint's")
	ErrFork       = errors.New("another root was cosigned at this size")
	ErrProof      = errors.New("the consistency proof does not hold")
)

// Stale says which size was cosigned last, zero for none.
type Stale struct{ Size uint64 }

func (s *Stale) Error() string { return fmt.Sprintf("the size cosigned last is %d", s.Size) }

// Options say who witnesses what. Every field is required.
type Options struct {
	Name   string        // key name, a schema-less URL by convention
	Signer crypto.Signer // signs nothing else: the signed text does not contain the name
	Logs   []log.Party   // Name is the origin, which the key's own name may differ from; several keys of one origin are for rotation
	Dir    string        // made if missing; what it lies in must exist
	Now    func() marketops.Time
}

// Witness cosigns for a fixed set of logs. Its methods may be called from many goroutines.
type Witness struct {
	opts  Options
	store *store
	logs  map[string]*history // by origin
}

// history is one log as the witness has seen it.
type history struct {
	origin string
	keys   []note.Verifier
	mu     sync.Mutex // held from reading the last checkpoint until the next one is signed
}

// Open takes the state folder. Errors carry [marketops.ConfigInvalid], also for a folder that
// another witness serves or that is another key's, and [marketops.DiskFull] where it cannot be
// written.
func Open(o Options) (*Witness, error) {
	if o.Signer == nil || o.Now == nil || o.Dir == "" || len(o.Logs) == 0 || len(o.Logs) > log.MaxMembers {
		return nil, marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("a witness needs a key, a clock, a folder and 1 to %d logs", log.MaxMembers))
	}
	logs, err := histories(o)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.ConfigInvalid, "witness", err)
	}
	s, err := openStore(o.Dir, log.WitnessVkey(o.Name, o.Signer.Public()))
	if err != nil {
		return nil, err
	}
	return &Witness{opts: o, store: s, logs: logs}, nil
}

func histories(o Options) (map[string]*history, error) {
	if err := log.CheckName(o.Name); err != nil {
		return nil, err
	}
	logs, seen := map[string]*history{}, map[crypto.PublicKey]bool{o.Signer.Public(): true}
	for _, p := range o.Logs {
		if seen[p.Key] {
			return nil, fmt.Errorf("the key of the log %s is given twice, or is the witness's own", p.Name)
		}
		seen[p.Key] = true
		if err := log.CheckOriginLine(p.Name); err != nil {
			return nil, err
		}
		v, err := note.NewVerifier(p.Vkey)
		if listed, perr := log.ParseVkey(p.Vkey); err != nil || perr != nil || listed.Key != p.Key {
			return nil, fmt.Errorf("the log %q: not an Ed25519 verifier key", p.Name)
		}
		if logs[p.Name] == nil {
			logs[p.Name] = &history{origin: p.Name}
		}
		logs[p.Name].keys = append(logs[p.Name].keys, v)
	}
	return logs, nil
}

// Vkey returns the witness's verifier key, for the policies of those who trust it.
func (w *Witness) Vkey() string { return log.WitnessVkey(w.opts.Name, w.opts.Signer.Public()) }

// Close gives the state folder free.
func (w *Witness) Close() error { return w.store.close() }

// AddCheckpoint judges the body of a request and returns the cosignature.
func (w *Witness) AddCheckpoint(body []byte) ([]byte, error) {
	req, err := ParseRequest(body)
	if err != nil {
		return nil, err
	}
	h, next, err := w.open(req.Checkpoint)
	if err != nil {
		return nil, err
	}
	if req.Old > next.Size {
		return nil, ErrOldSize
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	last, err := w.last(h)
	if err != nil {
		return nil, err
	}
	if err := w.judge(req, last, next); err != nil {
		return nil, err
	}
	if last == nil || next.Size > last.Size {
		if err := w.store.save(h.origin, next.Raw); err != nil {
			return nil, err
		}
	}
	return w.sign(next)
}

// judge says whether next may follow last.
func (w *Witness) judge(req *Request, last, next *signed) error {
	old := &log.Checkpoint{Origin: next.Origin, Root: log.EmptyRoot()}
	if last != nil {
		old = &last.Checkpoint
	}
	switch {
	case req.Old != old.Size:
		return &Stale{old.Size}
	case next.Size == 0 && next.Root != log.EmptyRoot():
		return ErrProof
	case next.Size == old.Size && next.Root != old.Root:
		return errors.Join(ErrFork, w.store.accuse(old, &next.Checkpoint))
	case log.VerifyConsistency(old, &next.Checkpoint, req.Proof) != nil:
		return ErrProof
	}
	return nil
}

// Latest returns the checkpoint that was cosigned last, with a cosignature of now. The error is
// [ErrUnknownLog] also where nothing was cosigned yet.
func (w *Witness) Latest(origin string) ([]byte, error) {
	h := w.logs[origin]
	if h == nil {
		return nil, ErrUnknownLog
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	last, err := w.last(h)
	if err != nil {
		return nil, err
	}
	if last == nil {
		return nil, ErrUnknownLog
	}
	line, err := w.sign(last)
	return append(last.Raw, line...), err
}

// Origins returns the logs that are witnessed, in no order.
func (w *Witness) Origins() (out []string) {
	for origin := range w.logs {
		out = append(out, origin)
	}
	return out
}

// last returns the stored checkpoint, nil if there is none. Held h.mu.
func (w *Witness) last(h *history) (*signed, error) {
	raw, err := w.store.load(h.origin)
	if raw == nil || err != nil {
		return nil, err
	}
	_, last, err := w.open(raw)
	if err == nil && last.Origin != h.origin {
		err = errors.New("it is of another log")
	}
	if err != nil {
		return nil, fmt.Errorf("the stored checkpoint of %s cannot be believed: %v", h.origin, err)
	}
	return last, nil
}

func (w *Witness) sign(c *signed) ([]byte, error) {
	line, err := log.Cosign(w.opts.Signer, w.opts.Name, w.opts.Now(), c.text)
	return []byte(line), err
}
