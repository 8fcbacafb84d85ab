package main

import (
	"database/sql"
	"errors"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// age makes everything that a stopped Core's ledger remembers an hour older, as if it had waited.
func age(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: forge age STATE")
	}
	db, err := sql.Open("sqlite", filepath.Join(args[0], "claims.db"))
	if err != nil {
		return err
	}
	_, err = db.Exec(`BEGIN; DROP TRIGGER transition_kept; UPDATE transition SET at = at - 3600;
		CREATE TRIGGER transition_kept BEFORE UPDATE ON transition BEGIN SELECT RAISE(ABORT, 'history is append-only'); END; COMMIT`)
	return errors.Join(err, db.Close())
}
