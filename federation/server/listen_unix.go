//go:build unix

package server

import (
	"net"
	"sync"
	"syscall"
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
