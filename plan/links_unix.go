//go:build unix

package plan

import (
	"os"
	"syscall"
)

// links returns how many names a file has.
func links(fi os.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}

// unlinksOpen: an open file may lose its name and stays readable.
const unlinksOpen = true
