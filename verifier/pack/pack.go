// Package pack writes and reads .mopack files: everything about one run that a stranger needs,
// in one file that is the same to the byte for the same evidence.
//
// # Content
//
// A pack is a zip archive with these files and no others:
//
//	manifest.json                  schema, run, plan digest, created_at, and every other file's name, size, SHA-256
//	plan.json                      the plan; its SHA-256 is the plan digest P
//	operations/<hex>.json          operation documents, named by their SHA-256
//	records/<leafhash>.json        one signed envelope each, named by the hash of its leaf
//	proofs/<leafhash>.tlog-proof   its C2SP tlog-proof; all are under the one checkpoint
//	checkpoints/<origin>           that checkpoint, a C2SP signed note
//	evidence/<hex>                 erasable texts, named by the salted digest that a record gives
//	trust/<hex>.json               versions of trust.json that were in force, named by their SHA-256
//
// created_at is the latest issued_at of the records, never a clock. The manifest is canonical
// JSON (RFC 8785), its files in name order.
//
// # Bytes
//
// The archive has one form only: files in byte order of their names, stored and not compressed
// (a compressor's output may change with its version, and what is not compressed cannot be a
// bomb), dated 1980-01-01, mode 0644, no extra fields, no data descriptors, no comment, nothing
// before, between or after. [Read] parses the archive and accepts it only if writing what it
// read yields the same bytes, so that a pack has no byte without a meaning.
//
// # Trust
//
// A pack proves nothing by itself and no key or policy in it is believed: package verifier
// judges it against a trust file. It never proves absence either.
package pack

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Limits of a pack.
const (
	MaxPack     = 256 << 20 // bytes of the whole file
	MaxFiles    = 20_000    // files, the manifest included
	MaxManifest = 8 << 20   // bytes
	MaxPlan     = 16 << 20  // bytes
	MaxEvidence = 4 << 20   // bytes of one evidence file
	maxName     = 300       // bytes of a file name; an origin has at most 253
)

const schemaManifest = "marketops.pack/v1"

// Names of the files and folders.
const (
	manifestName   = "manifest.json"
	planName       = "plan.json"
	operationsDir  = "operations/"
	recordsDir     = "records/"
	proofsDir      = "proofs/"
	evidenceDir    = "evidence/"
	checkpointsDir = "checkpoints/"
	trustDir       = "trust/"
	jsonSuffix     = ".json"
	proofSuffix    = ".tlog-proof"
)

// Manifest lists every other file of a pack.
type Manifest struct {
	Schema    string           `json:"schema"` // "marketops.pack/v1"
	RunID     marketops.RunID  `json:"run_id"`
	Plan      marketops.Digest `json:"plan"`
	CreatedAt marketops.Time   `json:"created_at"` // the latest issued_at of the records
	Files     []File           `json:"files"`      // in name order
}

// File is one file of a pack.
type File struct {
	Name   string           `json:"name"`
	Size   int64            `json:"size"`
	SHA256 marketops.Digest `json:"sha256"`
}

// Contents is what [Write] puts into a pack. The order of its lists does not matter.
type Contents struct {
	Run        marketops.RunID
	Plan       []byte   // plan.json, canonical
	Operations [][]byte // canonical documents
	Entries    []Entry  // every record of the run, and what took a version of trust.json into force from there on; one physically logged twice counts at its lowest index
	Trust      [][]byte // versions of trust.json from the one in force at the first record on
	Checkpoint *log.Checkpoint
	Evidence   []Evidence // what may be handed over; the rest reads as withheld
}

// Entry is a record and the proof that it stands in the log, under [Contents.Checkpoint].
type Entry struct {
	Record *receipt.Record
	Proof  *log.Proof
}

// Evidence is one erasable text and the salted digest by which a record names it.
type Evidence struct {
	Digest marketops.Digest
	Text   []byte
}

// Pack is a pack whose form [Read] accepted. Nothing in it is verified: names are claims, and
// package verifier compares them.
type Pack struct {
	Manifest   Manifest
	Plan       []byte
	Operations map[marketops.Digest][]byte // documents by claimed SHA-256
	Records    map[log.Hash][]byte         // envelopes by claimed leaf hash
	Proofs     map[log.Hash][]byte         // tlog-proofs by claimed leaf hash; the same keys as Records
	Evidence   map[marketops.Digest][]byte // texts by claimed salted digest
	Trust      map[marketops.Digest][]byte // versions of trust.json by claimed SHA-256
	Origin     string                      // claimed by the checkpoint's file name
	Checkpoint []byte
}

// limit returns the size in bytes that a file of this name may have, or -1 if a pack has none
// of this name.
func limit(name string) int64 {
	switch place(name).folder {
	case manifestName:
		return MaxManifest
	case planName:
		return MaxPlan
	case operationsDir:
		return marketops.MaxOperation
	case recordsDir:
		return crypto.MaxEnvelope
	case proofsDir:
		return log.MaxProof
	case evidenceDir:
		return MaxEvidence
	case trustDir:
		return trust.MaxTrust
	case checkpointsDir:
		return log.MaxCheckpoint
	}
	return -1
}
