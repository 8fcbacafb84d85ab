//go:build unix

package audit

import "syscall"

// dontWait keeps the opening of a pipe from waiting for somebody to write.
const dontWait = syscall.O_NONBLOCK
