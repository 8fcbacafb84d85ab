//go:build !unix

package audit

// dontWait has no meaning where a folder holds no pipes.
const dontWait = 0
