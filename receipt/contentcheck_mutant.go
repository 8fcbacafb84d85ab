//go:build mutant_content

package receipt

// contentUnchecked is what a file that differs counts as. Building with the tag
// mutant_content removes the check, to prove that the tests notice.
const contentUnchecked = true
