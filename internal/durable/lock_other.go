//go:build !unix && !windows

package durable

import (
	"errors"
	"os"
)

// Lock refuses: where files cannot be locked two processes would undo each other's work.
func Lock(*os.File) error { return errors.ErrUnsupported }

// Unlock lets a locked file go and closes it.
func Unlock(f *os.File) error { return f.Close() }
