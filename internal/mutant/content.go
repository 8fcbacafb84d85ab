//go:build !mutant_content

package mutant

// Content: a file that differs from the authorised one passes.
const Content = false
