// Package maintain is what an operator does to the state folder of a Core that is stopped.
//
//	Erase     forget what one person's record said
//	Rotate    propose another key for the log
//	Freeze    end the log, and let the claims go on under another
//	Backup    copy everything, all of one moment
//	Restore   put a copy back, unless the log had come further
//
// All but Restore, before which there is no ledger, hold the claim ledger, so that no Core can start
// meanwhile. Erase and Freeze leave a line in its history; repeated after a crash they finish. A
// backup can also be completed by a Core that runs; see package federation/core.
package maintain

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/versions"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/receipt/trust"
)

// State is the state folder of a stopped Core, held until Close.
type State struct {
	dir    string
	config config.Core
	trust  *trust.Trust
	ledger *claims.Ledger
	now    func() marketops.Time
}

// Open takes a state folder. Codes: core-already-running while a Core serves it, state-missing,
// config-invalid, trust-missing, and those of the ledger.
func Open(dir string, now func() marketops.Time) (*State, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	c, err := config.LoadCore(filepath.Join(dir, "core.yaml"))
	if err != nil {
		return nil, err
	}
	s := &State{dir: dir, config: c.In(dir), now: now}
	if _, err := os.Stat(s.config.Claims); err != nil {
		return nil, &marketops.Failure{Code: marketops.StateMissing, What: "claims database", Err: err}
	}
	if s.trust, err = versions.Load(dir, s.config); err != nil {
		return nil, err
	}
	s.ledger, err = claims.Open(s.config.Claims, now)
	return s, err
}

// Close gives the state folder free.
func (s *State) Close() error { return s.ledger.Close() }

// files reads a folder as [log.TileReader].
func files(dir string) regular.Dir { return regular.Dir{Path: dir, Limit: log.MaxBundle} }

// remove deletes files, durably; one that is not there is deleted already.
func remove(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &marketops.Failure{Code: marketops.LedgerUnavailable, What: "a file cannot be removed", Err: err}
		}
		if err := durable.SyncDir(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
