package tessera

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
)

// guard is the checkpoint signer. It signs a tree only if that tree extends the last one it
// signed, which the tiles on disk must prove, and it writes the new high-water mark before the
// signature leaves. A log put back from a backup therefore cannot be signed into a fork.
type guard struct {
	origin string
	signer crypto.Signer
	policy *log.Policy // this key alone, no quorum
	shown  *log.Policy // and the keys before it
	files  log.TileReader
	mark   string // path of the high-water mark

	mu     sync.Mutex
	last   *log.Checkpoint // what was signed last; guarded by mu
	err    error           // why nothing is signed any more; guarded by mu
	closed bool            // guarded by mu
}

// newGuard compares the published checkpoint, the high-water mark and the tree state on disk;
// each must extend the one before.
func newGuard(o Options) (*guard, error) {
	own := fmt.Sprintf("log %s\nquorum none\n", log.Vkey(o.Origin, o.Signer.Public()))
	p, err := log.ParsePolicy(own)
	if err != nil {
		return nil, err
	}
	for _, vkey := range o.Before {
		own += "log " + vkey + "\n"
	}
	shown, err := log.ParsePolicy(own)
	if err != nil {
		return nil, err
	}
	g := &guard{origin: o.Origin, signer: o.Signer, policy: p, shown: shown, files: os.DirFS(o.Dir).(fs.ReadFileFS), mark: o.HighWater}
	published, err := g.load(filepath.Join(o.Dir, log.CheckpointPath))
	if err != nil {
		return nil, err
	}
	marked, err := g.load(o.HighWater)
	if err != nil {
		return nil, err
	}
	state, err := readState(o)
	if err != nil {
		return nil, err
	}
	for _, known := range []*log.Checkpoint{published, marked} {
		if err := g.extend(known, state); err != nil {
			return nil, err
		}
		if known != nil && (g.last == nil || known.Size > g.last.Size) {
			g.last = known
		}
	}
	return g, nil
}

// load reads a checkpoint of this log from a file; nil if there is none.
func (g *guard) load(path string) (*log.Checkpoint, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, classify("read "+path, err)
	}
	cp, err := g.shown.Open(raw)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.CheckpointUnsigned, path+" is not a checkpoint of "+g.origin+" under its keys", err)
	}
	return cp, nil
}

// readState reads the size and root that Tessera has integrated. A log without state is empty,
// which is fine only if nothing was ever signed.
func readState(o Options) (*log.Checkpoint, error) {
	empty := &log.Checkpoint{Origin: o.Origin, Root: log.EmptyRoot()}
	raw, err := os.ReadFile(filepath.Join(o.Dir, ".state", "treeState"))
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	var s struct {
		Size uint64 `json:"size"`
		Root []byte `json:"root"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err == nil && len(s.Root) != len(log.Hash{}) {
		err = errors.New("no root")
	}
	if err != nil {
		return nil, classify("read the log's state", err)
	}
	if s.Size == 0 {
		return empty, nil
	}
	return &log.Checkpoint{Origin: o.Origin, Size: s.Size, Root: log.Hash(s.Root)}, nil
}

// extend checks that the tree of next holds all of known.
func (g *guard) extend(known, next *log.Checkpoint) error {
	if known == nil {
		return nil
	}
	if _, err := log.NewTree(next, g.files).Consistency(known); err != nil {
		return err
	}
	return nil
}

// Name, KeyHash and Sign implement note.Signer.
func (g *guard) Name() string { return g.origin }

func (g *guard) KeyHash() uint32 {
	id := log.LogID(g.origin, g.signer.Public())
	return binary.BigEndian.Uint32(id[:4])
}

// Sign signs the text of the next checkpoint. Once it refuses it refuses for good: a log that
// does not fit what was signed must be looked at by a person.
func (g *guard) Sign(text []byte) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, errors.New("closed")
	}
	if g.err != nil {
		return nil, g.err
	}
	sig, err := g.sign(text)
	if c := marketops.CodeOf(err); c != "" && c != marketops.DiskFull && c != marketops.LogUnavailable {
		g.err = err
	}
	return sig, err
}

func (g *guard) sign(text []byte) ([]byte, error) {
	sig, err := g.signer.Sign(text)
	if err != nil {
		return nil, classify("sign a checkpoint", err)
	}
	cp, err := g.policy.Open(g.note(text, sig))
	if err != nil {
		return nil, err
	}
	if err := g.extend(g.last, cp); err != nil {
		return nil, err
	}
	if g.last == nil || cp.Size > g.last.Size {
		if err := g.raise(cp); err != nil {
			return nil, classify("write the high-water mark", err)
		}
	}
	return sig, nil
}

func (g *guard) note(text, sig []byte) []byte {
	line := binary.BigEndian.AppendUint32(nil, g.KeyHash())
	return fmt.Appendf(nil, "%s\n\u2014 %s %s\n", text, g.origin, base64.StdEncoding.EncodeToString(append(line, sig...)))
}

// raise replaces the mark. The folder is not synced: after a power cut the mark may be one
// checkpoint old, which still shows every restored backup, and a sync would cost each
// publication milliseconds.
func (g *guard) raise(cp *log.Checkpoint) error {
	tmp, err := writeTemp(filepath.Dir(g.mark), cp.Raw)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, g.mark); err != nil {
		os.Remove(tmp)
		return err
	}
	g.last = cp
	return nil
}

// refusal returns why nothing is signed any more.
func (g *guard) refusal() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

func (g *guard) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}
