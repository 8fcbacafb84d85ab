//go:build !mutant_run

package mutant

// Run: a receipt of one run is good in another.
const Run = false
