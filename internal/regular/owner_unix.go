//go:build unix

package regular

import (
	"io/fs"
	"os"
	"syscall"
)

// RequireOwner refuses a file or folder that another user than this one and root owns, or that its group or
// others may write.
func RequireOwner(path string, fi fs.FileInfo) error {
	if st, ok := fi.Sys().(*syscall.Stat_t); !ok || st.Uid != 0 && int64(st.Uid) != int64(os.Geteuid()) {
		return refuse("%s belongs to another user, who could change what it decides: chown it to yourself, or work on a copy of your own", path)
	}
	if mode := fi.Mode().Perm(); mode&0o022 != 0 {
		return refuse("%s has mode %04o, so that others may write it: chmod go-w %s", path, mode, path)
	}
	return nil
}

func requirePrivate(path string, fi fs.FileInfo) error {
	if mode := fi.Mode().Perm(); mode&0o077 != 0 {
		return refuse("mode %04o lets others read it: chmod 600 %s", mode, path)
	}
	return RequireOwner(path, fi)
}
