//go:build unix

package server

import (
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

var umask sync.Mutex // the process has one

// listenPrivate makes the socket with mode 0600: a later chmod would leave a moment in which
// others could connect.
func listenPrivate(path string) (net.Listener, error) {
	umask.Lock()
	defer umask.Unlock()
	old := syscall.Umask(0o177)
	defer syscall.Umask(old)
	return net.Listen("unix", path)
}

// FreeSpace returns the bytes that this user may still write where dir lies.
func FreeSpace(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
