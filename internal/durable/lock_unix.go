//go:build unix

package durable

import (
	"errors"
	"os"
	"syscall"
)

// Lock holds the file against other processes for as long as it is open, or fails at once.
func Lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// Unlock lets a locked file go and closes it. Closing alone would not do: a child that another
// goroutine is just starting holds the file too, until it runs its program.
func Unlock(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
