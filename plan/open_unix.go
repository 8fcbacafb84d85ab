//go:build unix

package plan

import (
	"os"
	"syscall"
)

// openFlags keep an open from waiting for the other end of a pipe that was put there meanwhile.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOFOLLOW

// links returns how many names a file has.
func links(fi os.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}

// unlinksOpen: an open file may lose its name and stays readable.
const unlinksOpen = true
