package recorder

import (
	"io/fs"
	"os"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/tiles"
	"github.com/omega/marketops/receipt/trust"
)

// files reads the public files of the log, and envelopes, and no other: the folders also hold
// locks, the tree's state and temporary files.
type files struct {
	*tiles.Folder
	records *os.Root
}

func openFiles(logDir, records string) (f files, err error) {
	if f.Folder, err = tiles.Open(logDir); err == nil {
		f.records, err = os.OpenRoot(records)
	}
	if err != nil {
		return f, &marketops.Failure{Code: marketops.LogUnavailable, What: "log folder", Err: err}
	}
	return f, nil
}

func (f files) close() {
	if f.Folder != nil {
		f.Folder.Close()
	}
	if f.records != nil {
		f.records.Close()
	}
}

// record reads "ab/abcdef….json", and "trust/abcdef….json".
func (f files) record(name string) ([]byte, error) {
	if hex, ok := strings.CutPrefix(name, "trust/"); ok {
		d, err := marketops.ParseDigest("sha256:" + strings.TrimSuffix(hex, ".json"))
		if err != nil || log.TrustPath(d) != name {
			return nil, fs.ErrNotExist
		}
		return tiles.Read(f.records, name, trust.MaxTrust)
	}
	var h log.Hash
	_, file, _ := strings.Cut(name, "/")
	hex, ok := strings.CutSuffix(file, ".json")
	if !ok || h.UnmarshalText([]byte(hex)) != nil || log.RecordPath(h) != name {
		return nil, fs.ErrNotExist
	}
	return tiles.Read(f.records, name, crypto.MaxEnvelope)
}
