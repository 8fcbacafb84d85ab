package recorder

import (
	"context"
	"errors"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/log/tessera"
)

// ownLog is the log as its one writer has it.
type ownLog struct {
	opts  Options
	tree  *tessera.Writer
	files files
}

func (l *ownLog) open(ctx context.Context) (err error) {
	if l.tree, err = tessera.Open(ctx, l.writerOptions()); err != nil {
		return err
	}
	if l.files, err = openFiles(l.opts.Log, l.opts.Records); err != nil {
		return errors.Join(err, l.close(ctx))
	}
	return nil
}

func (l *ownLog) close(ctx context.Context) error {
	err := l.tree.Close(ctx)
	l.files.close()
	return err
}

func (l *ownLog) writerOptions() tessera.Options {
	o := tessera.Default()
	o.Dir, o.RecordsDir, o.Origin, o.Signer = l.opts.Log, l.opts.Records, l.opts.Origin, l.opts.Checkpoint
	o.HighWater, o.Before = l.opts.Mark, l.earlierKeys()
	if t := l.opts.Trust(); t.Log().Witnessed() {
		o.Policy = t.File().LogPolicy
	}
	return o
}

// Published waits until a published checkpoint covers index.
func (l *ownLog) Published(ctx context.Context, index uint64) error {
	_, err := l.tree.Published(ctx, index)
	return err
}

// CosignedAt returns the time at which a quorum of witnesses has cosigned the published checkpoint,
// false where the trust file asks none.
func (l *ownLog) CosignedAt() (at marketops.Time, ok bool, err error) {
	p := l.opts.Trust().Log()
	if !p.Witnessed() {
		return 0, false, nil
	}
	raw, err := l.tree.Checkpoint()
	if err != nil {
		return 0, false, err
	}
	at, ok = p.CosignedAt(raw)
	return at, ok, nil
}

// earlierKeys lists the vkeys of this log in trust.json but the one that signs now.
func (l *ownLog) earlierKeys() (out []string) {
	for _, party := range l.opts.Trust().Log().Logs() {
		if party.Name == l.opts.Origin && party.Vkey != l.vkey() {
			out = append(out, party.Vkey)
		}
	}
	return out
}

func (l *ownLog) vkey() string { return log.Vkey(l.opts.Origin, l.opts.Checkpoint.Public()) }

// publishedTree returns the published tree, for the Core's own look at its own log: it asks for no
// witness, so that a quorum that trust.json has just begun to demand does not keep it from starting.
func (l *ownLog) publishedTree() (*log.Tree, error) {
	raw, err := l.tree.Checkpoint()
	if err != nil {
		return nil, err
	}
	own, err := log.ParsePolicy("quorum none\nlog " + strings.Join(append(l.earlierKeys(), l.vkey()), "\nlog "))
	if err != nil {
		return nil, err
	}
	cp, err := own.Open(raw)
	if err != nil {
		return nil, err
	}
	return log.NewTree(cp, l.files), nil
}

// findLeaf looks for a leaf in the newest part of the published log and returns the lowest place
// there. Not finding it says nothing: a leaf that is appended twice is counted once.
func (l *ownLog) findLeaf(leaf log.Hash) (at uint64, found bool) {
	tree, err := l.publishedTree()
	if err != nil {
		return 0, false
	}
	size := tree.Checkpoint().Size
	from := size - min(size, lookBack)
	err = tree.Entries(from, size, func(index uint64, entry []byte) error {
		if !found && log.LeafHash(entry) == leaf {
			at, found = index, true
		}
		return nil
	})
	return at, found && err == nil
}

// Position names a place in this log.
func (l *ownLog) Position(index uint64) log.Position {
	return log.Position{Origin: l.opts.Origin, Index: index}
}

// Place is where a record stands in the log, nil where it does not yet.
func (l *ownLog) Place(row claims.Record) *log.Position {
	if row.Index == nil {
		return nil
	}
	p := l.Position(*row.Index)
	return &p
}

// ReadFile reads a public file of the log: checkpoint, tile/….
func (l *ownLog) ReadFile(name string) ([]byte, error) { return l.files.ReadFile(name) }

// ReadRecord reads an envelope from the record store, by its name below that.
func (l *ownLog) ReadRecord(name string) ([]byte, error) { return l.files.record(name) }
