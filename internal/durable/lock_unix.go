//go:build unix

package durable

import (
	"os"
	"syscall"
)

// Lock holds the file against other processes for as long as it is open, or fails at once.
func Lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
