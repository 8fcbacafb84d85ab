// Package versions keeps the versions of trust.json that were in force in a Core's log. They lie in the
// record store, as trust/<digest>.json, for the log's verifiers; a log that was frozen keeps its own.
package versions

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Load reads the trust file that a Core's configuration names, and joins the versions before it that its state
// folder holds. Code trust-missing.
func Load(state string, c config.Core) (*trust.Trust, error) {
	raw, err := regular.ReadOwned(c.Trust, trust.MaxTrust)
	if err != nil {
		return nil, &marketops.Failure{Code: regular.CodeOf(err, marketops.TrustMissing), What: "trust file", Err: err}
	}
	t, err := trust.Parse(raw)
	if err != nil {
		return nil, err
	}
	return t.With(func(d marketops.Digest) []byte {
		if text := former(state, c.Records, d); text != nil {
			return text
		}
		return beside(c.Trust, d)
	})
}

// former returns nil for a version that no log of the state folder has.
func former(state, records string, d marketops.Digest) []byte {
	frozen, _ := filepath.Glob(filepath.Join(state, "shards", "*", "records"))
	for _, dir := range append([]string{records}, frozen...) {
		if b, err := regular.ReadPath(filepath.Join(dir, log.TrustPath(d)), trust.MaxTrust); err == nil {
			return b
		}
	}
	return nil
}

// beside returns a version that lies beside the trust file, as the commands that edit it keep the one before: trust-N.json.
func beside(path string, d marketops.Digest) []byte {
	kept, _ := filepath.Glob(strings.TrimSuffix(path, ".json") + "-*.json")
	for _, name := range kept {
		if text, err := regular.ReadOwned(name, trust.MaxTrust); err == nil && marketops.DigestOf(text) == d {
			return text
		}
	}
	return nil
}

// Course reads which version was in force where, from the records that took one into force.
func Course(records string, newest *trust.Trust, rows []claims.Record) (*trust.Course, error) {
	course, store := trust.NewCourse(newest), regular.Dir{Path: records, Limit: crypto.MaxEnvelope}
	for _, row := range rows {
		env, err := log.ReadRecord(store, row.Leaf)
		if err != nil {
			return nil, err
		}
		rec, err := receipt.Open(env, newest.Ring())
		if err != nil {
			return nil, err
		}
		if row.Index == nil || rec.LeafHash() != row.Leaf {
			return nil, marketops.Refuse(marketops.LeafMismatch, "what took a version of trust.json into force is not the record that stands in the log")
		}
		course.Adopt(rec.Body, *row.Index)
	}
	return course, nil
}

// Begin stores the version that a log begins under, and drops what was kept before anything stood in the log.
func Begin(records string, t *trust.Trust) error {
	if err := os.RemoveAll(filepath.Join(records, "trust")); err != nil {
		return &marketops.Failure{Code: marketops.LogUnavailable, What: "the folder of trust files", Err: err}
	}
	return Keep(records, t)
}

// Require refuses a version that was not in force here: version 1 stands in no record, and other bytes under that
// number would be another file. The code is trust-rolled-back.
func Require(records string, t *trust.Trust) error {
	if _, err := os.Stat(filepath.Join(records, log.TrustPath(t.Digest()))); err != nil {
		return &marketops.Refusal{Code: marketops.TrustRolledBack, What: "another trust.json of this version was in force",
			State: "the Core did not start", Next: "put that one back, or make this one the next version: raise version and set previous"}
	}
	return nil
}

// Keep stores all versions at hand in a record store.
func Keep(records string, t *trust.Trust) error {
	for _, v := range t.Versions() {
		path := filepath.Join(records, log.TrustPath(v.Digest()))
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), durable.Write(path, v.Text()), os.Chmod(path, 0o644)); err != nil {
			return &marketops.Failure{Code: marketops.LogUnavailable, What: "a trust file cannot be stored beside the records", Err: err}
		}
	}
	return nil
}
