//go:build !mutant_content

package receipt

// contentUnchecked is what a file that differs counts as.
const contentUnchecked = false
