//go:build !mutant_earlier

package mutant

// Earlier: a definite refusal counts although an earlier attempt may have arrived.
const Earlier = false
