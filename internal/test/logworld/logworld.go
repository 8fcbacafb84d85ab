// Package logworld plays runs into a log, for tests: a trust file, signed records, an
// in-memory log that holds them, and packs of it. Hooks change any record before it is signed,
// so that each test bends one thing in a world that otherwise verifies.
package logworld

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/pack"
)

// Origin is the log's.
const Origin = "log.example.com"

// Start is when the first record is signed; each is signed a second after the one before.
var Start = marketops.TimeOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))

// The keys of the world. Bob asks; Alice and Carol approve; Dave could.
var (
	LogKey    = logtest.Key(1)
	Bob       = logtest.Key(2)
	Alice     = logtest.Key(3)
	Carol     = logtest.Key(4)
	Dave      = logtest.Key(5)
	Authority = logtest.Key(6)
	Second    = logtest.Key(7) // authority
	Publisher = logtest.Key(8)
	Other     = logtest.Key(9) // publisher
	Ledger    = logtest.Key(10)
	Advisory  = logtest.Key(11)
	Stranger  = logtest.Key(12)
	AliceToo  = logtest.Key(13) // Alice's other key
)

// Entry is a record in the log.
type Entry struct {
	Record *receipt.Record
	Index  uint64
}

// World is a log with everything that its records rest on.
type World struct {
	Log       *logtest.Log
	File      trust.File     // of the newest version; its number and those before it are [World.TrustBytes]'s to say
	Adopted   [][]byte       // versions that were in force, in their order
	Effective marketops.Time // of the version that follows
	Run       marketops.RunID
	Plan      []byte // nil: that of Ops
	Ops       []marketops.Operation
	After     map[int][]int // by the index of an operation, those that the plan puts before it
	Now       marketops.Time
	Entries   []Entry
	Evidence  []pack.Evidence
	Store     Store

	// Edit changes a record by its name before it is signed; Sign replaces its signer; Before is
	// called before it is signed and may add records.
	Edit   map[receipt.Kind]func(receipt.Body)
	Sign   map[receipt.Kind]*crypto.PrivateKey
	Before map[receipt.Kind]func()
	// Bend changes record number n, from 0, and may replace its signer.
	Bend func(n int, b receipt.Body, by *crypto.PrivateKey) *crypto.PrivateKey

	nonce uint64
	added int // records
	runs  int // of Grow
}

// New returns a world with an empty log and one release to publish.
func New() *World {
	w := &World{
		Log: logtest.New(Origin, LogKey), Run: marketops.NewRunID([16]byte{1}), Now: Start, Store: Store{},
		Ops:  []marketops.Operation{Release("v1.4.0")},
		Edit: map[receipt.Kind]func(receipt.Body){}, Sign: map[receipt.Kind]*crypto.PrivateKey{}, Before: map[receipt.Kind]func(){},
	}
	w.Effective = Start + 1e6
	w.File = trust.File{
		Schema: "marketops.trust/v2", Version: 1, Effective: Start - 1000, Expires: Start + 1e8, Hosts: []marketops.Host{"github.com"},
		Persons: []trust.Person{
			person("bob", "makers", Bob), person("alice", "release", Alice, AliceToo), person("carol", "release", Carol), person("dave", "release", Dave),
		},
		Authorities:    keys("core.example", Authority, "core2.example", Second),
		AuthorityRules: []trust.Rule{{Kinds: all, Targets: all, Threshold: 1}},
		Advisory:       keys("advisory", Advisory), Publishers: keys("pub1", Publisher, "pub2", Other), Ledger: keys("ledger", Ledger),
		Resolvers: []trust.Rule{{Kinds: all, Targets: all, Group: "release"}}, Revokers: []trust.Rule{{Kinds: all, Targets: all, Group: "release"}},
		Approvals:   []trust.Rule{{Kinds: all, Targets: all, Group: "release", Threshold: 2}},
		MaxLifetime: 86400, KnownCheckpoints: []receipt.CheckpointRef{},
	}
	return w
}

var all = []string{"*"}

func person(id, group string, ks ...*crypto.PrivateKey) trust.Person {
	p := trust.Person{ID: id, Groups: []string{group}}
	for i, k := range ks {
		p.Keys = append(p.Keys, key(fmt.Sprintf("%s-%d", id, i+1), k))
	}
	return p
}

func keys(named ...any) (out []trust.Key) {
	for i := 0; i < len(named); i += 2 {
		out = append(out, key(named[i].(string), named[i+1].(*crypto.PrivateKey)))
	}
	return out
}

func key(id string, k *crypto.PrivateKey) trust.Key {
	return trust.Key{ID: id, Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(k.Public().SPKI()), NotBefore: Start - 1000, NotAfter: Start + 1e7}
}

// TrustBytes returns trust.json as File and the log's policy make it. If a record names another version, it is
// the one after that.
func (w *World) TrustBytes() []byte {
	f := w.File
	if f.LogPolicy == "" {
		f.LogPolicy = w.Log.PolicyText()
	}
	b := must(canon.Encode(f))
	if n := len(w.Adopted); n > 0 && !bytes.Equal(b, w.Adopted[n-1]) {
		last := must(trust.Parse(w.Adopted[n-1]))
		f.Version, f.Previous = last.Version()+1, last.Digest()
		f.Effective = max(f.Effective, w.Effective)
		b = must(canon.Encode(f))
	}
	return b
}

// Trust is [World.TrustBytes], parsed, with the versions before it.
func (w *World) Trust() *trust.Trust {
	return must(must(trust.Parse(w.TrustBytes())).With(w.Former))
}

// Former returns a version that was in force, by its digest.
func (w *World) Former(d marketops.Digest) []byte {
	for _, text := range w.Adopted {
		if marketops.DigestOf(text) == d {
			return text
		}
	}
	return nil
}

// InForce returns the version of trust.json in force, and takes File into force if none is yet.
func (w *World) InForce() *trust.Trust {
	if len(w.Adopted) == 0 {
		w.Adopted = [][]byte{w.TrustBytes()}
	}
	return must(trust.Parse(w.Adopted[len(w.Adopted)-1]))
}

// Adopt takes File, which was changed, into force.
func (w *World) Adopt() Entry {
	before := w.InForce()
	w.Effective = w.Now
	w.Adopted = append(w.Adopted, w.TrustBytes())
	next := w.InForce()
	w.File = next.File()
	return w.Add(&receipt.TrustAdopted{Header: w.Head(), Trust: next.Ref(), Previous: before.Digest(), Effective: next.File().Effective}, Ledger)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// Release returns a release of octo-org/widgets under this tag.
func Release(tag string) marketops.Operation {
	op := marketops.NewOperation(marketops.PublishRelease, marketops.Target{Type: "github", Host: "github.com", RepositoryID: 42, FullName: "octo-org/widgets"})
	op.Tag = &marketops.Tag{Name: tag, Commit: "1111111111111111111111111111111111111111", Tree: "2222222222222222222222222222222222222222", Message: "Widgets", Tagger: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: Start}}
	op.Release = &marketops.Release{Name: "Widgets", Body: "Notes", MakeLatest: "true", Assets: []marketops.Asset{{Name: "widget.tar.gz", Size: 3, SHA256: marketops.DigestOf([]byte("abc")), ContentType: "application/gzip"}}}
	return op
}

// Head draws a nonce and the next second.
func (w *World) Head() receipt.Header {
	w.nonce++
	w.Now++
	return receipt.Header{Nonce: fmt.Sprintf("%032x", w.nonce), IssuedAt: w.Now}
}

// Evident adds an evidence text under a head and returns its salted digest.
func (w *World) Evident(h receipt.Header, text string) marketops.Digest {
	d := h.Salted([]byte(text))
	w.Evidence = append(w.Evidence, pack.Evidence{Digest: d, Text: []byte(text)})
	return d
}

// Add signs a record after its hooks, appends its leaf and stores its envelope.
func (w *World) Add(b receipt.Body, by *crypto.PrivateKey, files ...receipt.Subject) Entry {
	w.InForce()
	if f := w.Before[b.Kind()]; f != nil {
		delete(w.Before, b.Kind())
		f()
	}
	if f := w.Edit[b.Kind()]; f != nil {
		f(b)
	}
	if k := w.Sign[b.Kind()]; k != nil {
		by = k
	}
	if w.Bend != nil {
		by = w.Bend(w.added, b, by)
	}
	w.added++
	rec, err := receipt.Seal(b, by, files...)
	check(err)
	return w.Append(rec)
}

// Append logs and stores a record that was signed before.
func (w *World) Append(rec *receipt.Record) Entry {
	e := Entry{rec, w.Log.Append(rec.Leaf())}
	w.Entries = append(w.Entries, e)
	w.Store[log.RecordPath(rec.LeafHash())] = rec.Envelope
	return e
}

// Store is a record store in memory.
type Store map[string][]byte

// ReadFile implements [log.TileReader].
func (s Store) ReadFile(name string) ([]byte, error) {
	if b, ok := s[name]; ok {
		return bytes.Clone(b), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Contents returns what a pack of the run holds, with proofs under the newest checkpoint.
func (w *World) Contents() pack.Contents {
	cp := w.Log.Tree().Checkpoint()
	c := pack.Contents{Run: w.Run, Plan: w.PlanBytes(), Checkpoint: cp, Evidence: w.Evidence}
	for _, op := range w.Ops {
		doc, err := op.Document()
		check(err)
		c.Operations = append(c.Operations, doc)
	}
	for _, v := range w.Trust().Versions() {
		c.Trust = append(c.Trust, v.Text())
	}
	for _, e := range w.Entries {
		c.Entries = append(c.Entries, pack.Entry{Record: e.Record, Proof: w.Log.Prove(e.Index)})
	}
	return c
}

// PackBytes returns the pack of the run.
func (w *World) PackBytes() []byte {
	var b bytes.Buffer
	check(pack.Write(&b, w.Contents()))
	return b.Bytes()
}

// Pack is [World.PackBytes], read.
func (w *World) Pack() *pack.Pack {
	b := w.PackBytes()
	p, err := pack.Read(bytes.NewReader(b), int64(len(b)))
	check(err)
	return p
}

// Drop takes the records of a name out of the entries that a pack is made of. The log keeps them.
func (w *World) Drop(kind receipt.Kind) {
	w.Entries = slices.DeleteFunc(w.Entries, func(e Entry) bool { return e.Record.Body.Kind() == kind })
}

// Plans returns the plan of the world by its digest.
func (w *World) Plans() func(marketops.Digest) *document.Plan {
	text := w.PlanBytes()
	p, err := document.Parse(text)
	return func(d marketops.Digest) *document.Plan {
		if err != nil || marketops.DigestOf(text) != d {
			return nil
		}
		return p
	}
}

// Orders is [World.Plans] in the form of [lifecycle.Rules].
func (w *World) Orders() func(plan, operation marketops.Digest) []marketops.Digest {
	find := w.Plans()
	return func(plan, operation marketops.Digest) []marketops.Digest {
		if p := find(plan); p != nil {
			return p.After(operation)
		}
		return nil
	}
}

// Documents returns the operations of the world by their digests.
func (w *World) Documents() func(marketops.Digest) *marketops.Operation {
	docs := map[marketops.Digest]*marketops.Operation{}
	for n := range w.Ops {
		docs[w.Digest(n)] = &w.Ops[n]
	}
	return func(d marketops.Digest) *marketops.Operation { return docs[d] }
}
