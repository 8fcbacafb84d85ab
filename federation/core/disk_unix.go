//go:build unix

package core

import "golang.org/x/sys/unix"

// FreeSpace returns the bytes that this user may still write where dir lies.
func FreeSpace(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
