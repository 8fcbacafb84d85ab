//go:build mutant_content

package receipt

// contentUnchecked, built with the tag mutant_content, lets every file pass: the tests must notice.
const contentUnchecked = true
