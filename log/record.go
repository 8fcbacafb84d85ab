package log

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// RecordPath returns the name of a record in the record store: "ab/abcdef….json".
func RecordPath(leaf Hash) string {
	s := leaf.String()
	return s[:2] + "/" + s + ".json"
}

// TrustPath returns the name of a version of the trust file in the record store, by its digest. Versions that were
// in force lie there and not with the log: they name persons, as records do.
func TrustPath(d marketops.Digest) string { return "trust/" + d.Hex() + ".json" }

// ReadRecord returns the envelope that a record store holds for a leaf hash, unverified: the
// caller opens it and compares [LeafHash] of its [Leaf]. [fs.ErrNotExist] means withheld, under
// [marketops.RecordWithheld]; more than [crypto.MaxEnvelope] bytes is [marketops.LeafMismatch].
func ReadRecord(store TileReader, leaf Hash) ([]byte, error) {
	b, err := readBounded(store, RecordPath(leaf), crypto.MaxEnvelope)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &marketops.Failure{Code: marketops.RecordWithheld, What: "record " + leaf.String(), Err: err}
	case err != nil:
		return nil, &marketops.Failure{Code: marketops.LogUnavailable, What: "record " + leaf.String(), Err: err}
	case len(b) > crypto.MaxEnvelope:
		return nil, marketops.Refuse(marketops.LeafMismatch, fmt.Sprintf("record %s is longer than %d bytes", leaf, crypto.MaxEnvelope))
	}
	return b, nil
}

// readBounded stops after limit+1 bytes where the store can be read piecewise.
func readBounded(store TileReader, name string, limit int64) ([]byte, error) {
	fsys, ok := store.(fs.FS)
	if !ok {
		return store.ReadFile(name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}
