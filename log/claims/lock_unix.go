//go:build unix

package claims

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes an advisory lock that lives as long as the file is open. It stands beside
// SQLite's own lock because POSIX record locks vanish when any descriptor of the database is
// closed in this process, for example by a backup that reads the file.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unavailable("cannot open the ledger's lock file", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, alreadyRunning(path, err)
		}
		return nil, unavailable("cannot lock "+path, err)
	}
	return f, nil
}
