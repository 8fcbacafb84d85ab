//go:build unix

package regular

import "syscall"

// dontWait keeps an open from waiting for the other end of a pipe. A link that took the place of a file is
// not followed by [os.Root], or is another file than the one that was looked at.
const dontWait = syscall.O_NONBLOCK
