package witness

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock holds the file for as long as it is open, or fails at once.
func lock(f *os.File) error {
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, new(windows.Overlapped))
}

// syncDir does nothing: Windows can neither open nor flush a folder.
func syncDir(string) error { return nil }
