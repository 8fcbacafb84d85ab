//go:build unix

package offline

import "syscall"

// openFlags keep an open from waiting for the other end of a pipe that was put there meanwhile.
const openFlags = syscall.O_NONBLOCK
