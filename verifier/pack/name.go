package pack

import (
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
)

// where says which file of a pack a name means.
type where struct {
	folder string   // a folder, or the whole name of a file outside folders; "": no such file
	hash   log.Hash // of operations, records, proofs, evidence and trust files
	origin string   // of a checkpoint
}

// place reads a name: parse, re-encode, compare. There is no name for a parent folder, an
// absolute path, another case or another separator, so none of them can be written.
func place(name string) where {
	if name == manifestName || name == planName {
		return where{folder: name}
	}
	folder, rest, ok := strings.Cut(name, "/")
	if !ok || len(name) > maxName {
		return where{}
	}
	switch folder + "/" {
	case operationsDir:
		return placeOf(operationsDir, rest, jsonSuffix)
	case recordsDir:
		return placeOf(recordsDir, rest, jsonSuffix)
	case proofsDir:
		return placeOf(proofsDir, rest, proofSuffix)
	case evidenceDir:
		return placeOf(evidenceDir, rest, "")
	case trustDir:
		return placeOf(trustDir, rest, jsonSuffix)
	case checkpointsDir:
		if log.CheckOrigin(rest) == nil {
			return where{folder: checkpointsDir, origin: rest}
		}
	}
	return where{}
}

func placeOf(folder, rest, suffix string) where {
	text, ok := strings.CutSuffix(rest, suffix)
	h, err := log.ParseHash(text)
	if !ok || err != nil {
		return where{}
	}
	return where{folder: folder, hash: h}
}

func operationName(d marketops.Digest) string { return operationsDir + d.Hex() + jsonSuffix }
func evidenceName(d marketops.Digest) string  { return evidenceDir + d.Hex() }
func trustName(d marketops.Digest) string     { return trustDir + d.Hex() + jsonSuffix }
func recordName(h log.Hash) string            { return recordsDir + h.String() + jsonSuffix }
func proofName(h log.Hash) string             { return proofsDir + h.String() + proofSuffix }
func checkpointName(origin string) string     { return checkpointsDir + origin }
