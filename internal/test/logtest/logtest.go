// Package logtest is a transparency log in memory, for tests: it signs checkpoints, cosigns
// them, and serves tiles and entry bundles like a log directory. It can also lie on request.
package logtest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"golang.org/x/mod/sumdb/tlog"
)

// Key returns the test key that begins with this byte.
func Key(n byte) *crypto.PrivateKey {
	k, err := crypto.NewPrivateKey(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		panic(err)
	}
	return k
}

// Log is a log in memory. It implements [log.TileReader].
type Log struct {
	Origin    string
	Key       *crypto.PrivateKey
	Witnesses []Witness // cosign every checkpoint
	Collected bool      // partial tiles are gone once the full one exists

	leaves [][]byte
	hashes []tlog.Hash // in x/mod storage order
}

// Witness is a cosigner with a fixed clock.
type Witness struct {
	Name string
	Key  *crypto.PrivateKey
	At   marketops.Time
}

// Vkey returns the witness's key as a policy spells it.
func (w Witness) Vkey() string { return log.WitnessVkey(w.Name, w.Key.Public()) }

// Line returns the cosignature line of a checkpoint's text.
func (w Witness) Line(text string) string {
	sig, _ := w.Key.Sign(fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", w.At, text))
	return line(w.Name, w.Vkey(), append(binary.BigEndian.AppendUint64(nil, uint64(w.At)), sig...))
}

func line(name, vkey string, sig []byte) string {
	id, err := strconv.ParseUint(strings.Split(vkey, "+")[1], 16, 32)
	if err != nil {
		panic(err)
	}
	b := append(binary.BigEndian.AppendUint32(nil, uint32(id)), sig...)
	return "\u2014 " + name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}

// New returns an empty log.
func New(origin string, key *crypto.PrivateKey) *Log { return &Log{Origin: origin, Key: key} }

// Vkey returns the log's key as a policy spells it.
func (l *Log) Vkey() string { return log.Vkey(l.Origin, l.Key.Public()) }

// PolicyText returns a policy of this log that demands every witness, or none if it has none.
func (l *Log) PolicyText() string {
	text, quorum := "log "+l.Vkey()+"\n", "quorum none\n"
	for i, w := range l.Witnesses {
		text += fmt.Sprintf("witness w%d %s\n", i+1, w.Vkey())
		if i == 0 {
			quorum = "group every all"
		}
		quorum += fmt.Sprintf(" w%d", i+1)
	}
	if len(l.Witnesses) > 0 {
		quorum += "\nquorum every\n"
	}
	return text + quorum
}

// Policy is [Log.PolicyText], parsed.
func (l *Log) Policy() *log.Policy {
	p, err := log.ParsePolicy(l.PolicyText())
	if err != nil {
		panic(err)
	}
	return p
}

// Append adds a leaf and returns its index.
func (l *Log) Append(leaf []byte) uint64 {
	n := int64(len(l.leaves))
	hs, err := tlog.StoredHashes(n, leaf, tlog.HashReaderFunc(l.read))
	if err != nil {
		panic(err)
	}
	l.leaves, l.hashes = append(l.leaves, bytes.Clone(leaf)), append(l.hashes, hs...)
	return uint64(n)
}

func (l *Log) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.hashes[x]
	}
	return out, nil
}

// Size returns the number of entries.
func (l *Log) Size() uint64 { return uint64(len(l.leaves)) }

// Root returns the root of the first size entries.
func (l *Log) Root(size uint64) log.Hash {
	h, err := tlog.TreeHash(int64(size), tlog.HashReaderFunc(l.read))
	if err != nil {
		panic(err)
	}
	return log.Hash(h)
}

// Checkpoint returns the signed and cosigned checkpoint of all entries.
func (l *Log) Checkpoint() []byte { return l.CheckpointAt(l.Size()) }

// CheckpointAt returns the checkpoint of the first size entries.
func (l *Log) CheckpointAt(size uint64) []byte { return l.SignRoot(size, l.Root(size)) }

// SignRoot signs any size and root, true or not.
func (l *Log) SignRoot(size uint64, root log.Hash) []byte {
	cp := log.Checkpoint{Origin: l.Origin, Size: size, Root: root}
	return l.SignText(cp.Text())
}

// SignText signs any text.
func (l *Log) SignText(text string) []byte {
	sig, _ := l.Key.Sign([]byte(text))
	note := text + "\n" + line(l.Origin, l.Vkey(), sig)
	for _, w := range l.Witnesses {
		note += w.Line(text)
	}
	return []byte(note)
}

// Tree returns the verified tree of all entries.
func (l *Log) Tree() *log.Tree {
	cp, err := l.Policy().Open(l.Checkpoint())
	if err != nil {
		panic(err)
	}
	return log.NewTree(cp, l)
}

// Prove returns the proof of an entry under the checkpoint of all.
func (l *Log) Prove(index uint64) *log.Proof {
	p, err := l.Tree().Inclusion(index)
	if err != nil {
		panic(err)
	}
	return p
}

// ReadFile implements [log.TileReader].
func (l *Log) ReadFile(name string) ([]byte, error) {
	if name == log.CheckpointPath {
		return l.Checkpoint(), nil
	}
	missing := &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	if !log.IsPath(name) {
		return nil, missing
	}
	kind, n, width := split(name)
	if kind == "entries" {
		return l.bundle(n, width, missing)
	}
	level, _ := strconv.Atoi(kind)
	have := len(l.leaves)>>(8*level) - n*log.TileWidth
	if have < width || l.Collected && have >= log.TileWidth && width < log.TileWidth {
		return nil, missing
	}
	return tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: int64(n), W: width}, tlog.HashReaderFunc(l.read))
}

func (l *Log) bundle(n, width int, missing error) ([]byte, error) {
	have := len(l.leaves) - n*log.TileWidth
	if have < width || l.Collected && have >= log.TileWidth && width < log.TileWidth {
		return nil, missing
	}
	var b []byte
	for _, leaf := range l.leaves[n*log.TileWidth:][:width] {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(leaf))), leaf...)
	}
	return b, nil
}

// split reads a name that [log.IsPath] allows.
func split(name string) (kind string, n, width int) {
	rest := strings.TrimPrefix(name, "tile/")
	kind, rest, _ = strings.Cut(rest, "/")
	rest, p, partial := strings.Cut(rest, ".p/")
	if width = log.TileWidth; partial {
		width, _ = strconv.Atoi(p)
	}
	for _, part := range strings.Split(rest, "/") {
		d, _ := strconv.Atoi(strings.TrimPrefix(part, "x"))
		n = n*1000 + d
	}
	return kind, n, width
}
