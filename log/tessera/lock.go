package tessera

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
)

// lockName is the lock file below a log's root. It is never deleted: a second file of that name
// could be locked beside the first.
const lockName = ".marketops.lock"

// opened are the logs that this process writes, by resolved path.
var opened struct {
	sync.Mutex
	dirs map[string]bool
}

// dirLock is held for the whole life of a Writer.
type dirLock struct {
	dir  string
	file *os.File
}

// lockDir takes the registry entry and the flock(2) of a log. The registry alone does not see
// other processes; the flock alone is per process on some network file systems.
func lockDir(dir string) (*dirLock, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return nil, classify("lock the log", err)
	}
	opened.Lock()
	defer opened.Unlock()
	if opened.dirs[real] {
		return nil, running(dir, nil)
	}
	f, err := os.OpenFile(filepath.Join(real, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, classify("lock the log", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, running(dir, err)
		}
		return nil, classify("lock the log", err)
	}
	if opened.dirs == nil {
		opened.dirs = map[string]bool{}
	}
	opened.dirs[real] = true
	return &dirLock{real, f}, nil
}

func (l *dirLock) release() {
	opened.Lock()
	defer opened.Unlock()
	delete(opened.dirs, l.dir)
	durable.Unlock(l.file)
}

func running(dir string, err error) error {
	return marketops.RefuseErr(marketops.CoreAlreadyRunning, fmt.Sprintf("the log %s has a writer", dir), err)
}
