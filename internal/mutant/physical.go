//go:build !mutant_physical

package mutant

// Physical: a leaf that a crash appended twice counts as two outcomes.
const Physical = false
