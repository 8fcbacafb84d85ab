package durable

import (
	"os"

	"golang.org/x/sys/windows"
)

// Lock holds the file against other processes for as long as it is open, or fails at once. The byte it takes lies
// beyond every file that is locked, because a lock here keeps others from reading too.
func Lock(f *os.File) error {
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
}

// Unlock lets a locked file go and closes it.
func Unlock(f *os.File) error { return f.Close() }
