// Package view is the verified reader of a log: it believes a checkpoint only if the trust file's
// policy signed it and it extends the newest one that this user has accepted before.
package view

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
)

// Waiting for a checkpoint: how often one is read, and for how long at most.
const (
	viewPause = 5 * time.Millisecond
	viewWait  = 30 * time.Second
)

// View is what one user of a log has seen of it. It opens each checkpoint against the trust
// file's policy and proves it consistent with the newest one that this user ever accepted, which
// it keeps in a file outside the state that comes from the operator. A log that shrinks or forks
// is refused from then on, and the two checkpoints are kept beside that file as evidence.
type View struct {
	tiles  log.TileReader
	policy *log.Policy
	dir    string

	mu     sync.Mutex // held for the whole of a look, so that looks are in order
	latest *log.Tree
	looked time.Time // when latest was last read; only spares reads, decides nothing
}

// New remembers checkpoints in dir, which must not be inside .marketops.
func New(tiles log.TileReader, policy *log.Policy, dir string) *View {
	return &View{tiles: tiles, policy: policy, dir: dir}
}

// Latest returns the log at its newest published checkpoint. Codes: [marketops.CheckpointUnsigned],
// [marketops.QuorumUnmet], [marketops.LogRolledBack], [marketops.SplitView],
// [marketops.ConsistencyInvalid], [marketops.LogUnavailable], [marketops.CoreUnreachable].
func (v *View) Latest() (*log.Tree, error) { return v.look(0) }

// look is Latest unless that was asked less than age ago: many waiters share one reader.
func (v *View) look(age time.Duration) (*log.Tree, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.latest != nil && time.Since(v.looked) < age {
		return v.latest, nil
	}
	raw, err := v.read()
	if err != nil {
		return nil, err
	}
	if v.latest != nil && string(raw) == string(v.latest.Checkpoint().Raw) {
		v.looked = time.Now()
		return v.latest, nil
	}
	return v.accept(raw)
}

func (v *View) read() ([]byte, error) {
	raw, err := v.tiles.ReadFile(log.CheckpointPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &marketops.Failure{Code: marketops.LogUnavailable, What: "the log has no checkpoint yet"}
	}
	return raw, err
}

func (v *View) accept(raw []byte) (*log.Tree, error) {
	cp, err := v.policy.Open(raw)
	if err != nil {
		return nil, err
	}
	known, err := v.newest(cp.Origin)
	if err != nil {
		return nil, err
	}
	tree, err := v.follow(known, cp)
	if errors.Is(err, marketops.LogRolledBack) {
		// Another process of this user may have remembered a newer checkpoint since raw was read. One
		// that is read now is as new, or the log did shrink.
		if cp, err = v.open(); err != nil {
			return nil, err
		}
		tree, err = v.follow(known, cp)
	}
	if err != nil {
		return nil, v.accuse(known, cp, err)
	}
	if err := v.remember(cp); err != nil {
		return nil, err
	}
	v.latest, v.looked = tree, time.Now()
	return tree, nil
}

func (v *View) open() (*log.Checkpoint, error) {
	raw, err := v.read()
	if err != nil {
		return nil, err
	}
	return v.policy.Open(raw)
}

// follow returns the tree of a checkpoint that extends the known one; nil is no known one.
func (v *View) follow(known, cp *log.Checkpoint) (*log.Tree, error) {
	tree := log.NewTree(cp, v.tiles)
	if known == nil {
		return tree, nil
	}
	return tree, checkConsistent(known, tree)
}

// newest is the larger of what the file remembers and what this View has accepted itself: the
// file may be gone, and another process may have put an older one there.
func (v *View) newest(origin string) (*log.Checkpoint, error) {
	known, err := v.readRemembered(origin)
	if err != nil || v.latest == nil || v.latest.Checkpoint().Origin != origin {
		return known, err
	}
	if own := v.latest.Checkpoint(); known == nil || known.Size < own.Size {
		known = own
	}
	return known, nil
}

// checkConsistent accepts a known checkpoint that is the new one's past, or the same.
func checkConsistent(known *log.Checkpoint, tree *log.Tree) error {
	hashes, err := tree.Consistency(known)
	if err != nil {
		return err
	}
	return log.VerifyConsistency(known, tree.Checkpoint(), hashes)
}

// Covering waits until a published checkpoint covers index, at most 30 s. If none does the code is
// [marketops.QuorumUnmet] in a log whose checkpoints witnesses must cosign, since it is they who most
// likely keep it back, and otherwise [marketops.LogUnavailable].
func (v *View) Covering(ctx context.Context, index uint64) (*log.Tree, error) {
	ctx, cancel := context.WithTimeout(ctx, viewWait)
	defer cancel()
	for {
		tree, err := v.look(viewPause)
		if err == nil && tree.Checkpoint().Size > index {
			return tree, nil
		}
		if err != nil && !errors.Is(err, marketops.LogUnavailable) && !errors.Is(err, marketops.QuorumUnmet) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, v.uncoveredError(index, errors.Join(err, ctx.Err()))
		case <-time.After(viewPause):
		}
	}
}

func (v *View) uncoveredError(index uint64, err error) error {
	f := &marketops.Failure{Code: marketops.LogUnavailable, What: fmt.Sprintf("no checkpoint covers entry %d yet", index), Err: err}
	if v.policy.Witnessed() {
		f.Code = marketops.QuorumUnmet
		f.What = fmt.Sprintf("no checkpoint that %s witnesses cosigned covers entry %d yet", v.policy.Quorum(), index)
		f.State = "the entry is kept, and published once enough witnesses answer"
		f.Next = "type the same command again when the witnesses are back; the Core's diagnostics say which are missing"
	}
	return f
}

// Prove waits for a checkpoint that covers the entry and returns the proof that the envelope with
// this leaf stands at its position.
func (v *View) Prove(ctx context.Context, leaf log.Hash, pos log.Position) (*log.Proof, *log.Checkpoint, error) {
	tree, err := v.Covering(ctx, pos.Index)
	if err != nil {
		return nil, nil, err
	}
	p, err := ProveIn(tree, leaf, pos)
	return p, tree.Checkpoint(), err
}

// ProveIn proves that the leaf stands at the position in this tree.
func ProveIn(tree *log.Tree, leaf log.Hash, pos log.Position) (*log.Proof, error) {
	if pos.Origin != tree.Checkpoint().Origin {
		return nil, marketops.Refuse(marketops.InclusionInvalid, fmt.Sprintf("the position is in the log %.80q, the checkpoint of %q", pos.Origin, tree.Checkpoint().Origin))
	}
	p, err := tree.Inclusion(pos.Index)
	if err != nil {
		return nil, err
	}
	return p, log.VerifyInclusion(leaf, p.Index, p.Hashes, tree.Checkpoint())
}

// files names the memory of one origin, one file for each of its keys in the policy's order, so that
// a new log under an old name is another log and not a rollback. The first is written. A key that
// follows it adds a file that may be there too, and takes none away: rotation forgets nothing.
func (v *View) files(origin string) (out []string) {
	for _, l := range v.policy.Logs() {
		if l.Name == origin {
			out = append(out, filepath.Join(v.dir, fmt.Sprintf("%s-%.16s.checkpoint", origin, marketops.DigestOf([]byte(l.Vkey)).Hex())))
		}
	}
	return out
}

func (v *View) file(origin string) string { return v.files(origin)[0] }

// readRemembered returns the newest checkpoint of an origin in any of its files.
func (v *View) readRemembered(origin string) (newest *log.Checkpoint, err error) {
	for _, path := range v.files(origin) {
		raw, err := regular.ReadOwned(path, log.MaxCheckpoint)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, &marketops.Failure{Code: regular.CodeOf(err, marketops.StateMissing), What: "the remembered checkpoint cannot be read", Err: err}
		}
		// What was accepted before witnesses were added stays a memory; only a new checkpoint needs them.
		cp, err := v.policy.OpenUnwitnessed(raw)
		if err != nil {
			return nil, fmt.Errorf("the remembered checkpoint %s: %w", path, err)
		}
		if newest == nil || cp.Size > newest.Size {
			newest = cp
		}
	}
	return newest, nil
}

// remember keeps a checkpoint unless one that is as new is kept already.
func (v *View) remember(cp *log.Checkpoint) error {
	known, err := v.readRemembered(cp.Origin)
	if err != nil || known != nil && known.Size >= cp.Size {
		return err
	}
	if err := durable.Write(v.file(cp.Origin), cp.Raw); err != nil {
		return &marketops.Failure{Code: marketops.DiskFull, What: "the checkpoint cannot be remembered", Err: err}
	}
	return nil
}

// accuse keeps both checkpoints where people can find them.
func (v *View) accuse(known, now *log.Checkpoint, err error) error {
	if c := marketops.CodeOf(err); c != marketops.LogRolledBack && c != marketops.SplitView && c != marketops.ConsistencyInvalid && c != marketops.InclusionInvalid {
		return err
	}
	v.looked = time.Time{} // whoever waits looks for himself
	path := v.file(now.Origin) + ".evidence"
	both := append(append(append([]byte(nil), known.Raw...), '\n'), now.Raw...)
	if werr := durable.Write(path, both); werr != nil {
		path = "nowhere: " + werr.Error()
	}
	code := marketops.CodeOf(err)
	if code == marketops.InclusionInvalid {
		code = marketops.ConsistencyInvalid
	}
	return &marketops.Refusal{Code: code, What: "the log is not the one seen before; both checkpoints are in " + path, Err: err}
}
