package testmain

import "syscall"

const (
	shm   = "/dev/shm"
	tmpfs = 0x01021994 // of statfs(2)
)

// memory is a folder in memory; "" if there is none with enough room.
func memory() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(shm, &fs); err != nil || fs.Type != tmpfs || uint64(fs.Bavail)*uint64(fs.Bsize) < room {
		return ""
	}
	return shm
}
