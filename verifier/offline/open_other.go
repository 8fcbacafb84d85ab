//go:build !unix

package offline

const openFlags = 0
