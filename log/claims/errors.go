package claims

import (
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Causes inside the refusals of this package.
var (
	// ErrFenced: another epoch or owner holds the claim. Code operation-in-flight, or revoked or
	// rejected-by-approver if that is why.
	ErrFenced = errors.New("the claim is held under another epoch or by another owner")
	// ErrState: the claim's state does not allow the step. The code says which state it is in:
	// operation-in-flight for claimed and executing, consumed for decided and closed, revoked,
	// rejected-by-approver.
	ErrState = errors.New("the claim's state does not allow this step")
	// errNoClaim: the receipt has no row. Code ledger-unavailable.
	errNoClaim = errors.New("the receipt was never claimed")
	// errDiffers: other bytes stand where these should go. Code consumed, for an intent operation-in-flight.
	errDiffers = errors.New("another record is frozen in this place")
	// errNoRecord: no such leaf is frozen. Code ledger-unavailable.
	errNoRecord = errors.New("no such record is frozen")
	// errMalformed: the caller's request is incomplete or out of bounds. Code ledger-unavailable.
	errMalformed = errors.New("the request to the ledger is malformed")
)

// errConstraint stands for a unique index or CHECK that said no; the batch goes on.
var errConstraint = errors.New("the ledger's own constraints refuse")

func unavailable(what string, err error) error {
	return &marketops.Failure{Code: marketops.LedgerUnavailable, What: what, Err: err}
}

func malformedError(format string, args ...any) error {
	return unavailable(fmt.Sprintf(format, args...), errMalformed)
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return -1
}

func isConstraint(err error) bool { return sqliteCode(err)&0xff == sqlite3.SQLITE_CONSTRAINT }

// curable reports whether the next transaction may be tried on the same connection. A failed
// fsync or a malformed page may not: the kernel forgets dirty pages whose write failed.
func curable(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return sqliteCode(err) >= 0
	}
	return false
}

// classify gives a database error its code.
func classify(err error) error {
	if sqliteCode(err) >= 0 && sqliteCode(err)&0xff == sqlite3.SQLITE_FULL {
		return &marketops.Failure{Code: marketops.DiskFull, What: "the claim ledger cannot grow", Err: err}
	}
	return &marketops.Failure{
		Code: marketops.LedgerUnavailable, What: "the claim database failed", Err: err,
		State: "the change may or may not have been kept; repeating it is safe",
	}
}

// classifyOpen also knows that a busy database has another holder.
func classifyOpen(path string, err error) error {
	if c := sqliteCode(err); c >= 0 && (c&0xff == sqlite3.SQLITE_BUSY || c&0xff == sqlite3.SQLITE_LOCKED) {
		return alreadyRunning(path, err)
	}
	if c := sqliteCode(err); c >= 0 && c&0xff == sqlite3.SQLITE_FULL {
		return classify(err)
	}
	return unavailable("cannot open the claim ledger "+path, err)
}

func alreadyRunning(path string, err error) error {
	return &marketops.Failure{Code: marketops.CoreAlreadyRunning, What: "the claim ledger " + path + " is locked", Err: err}
}
