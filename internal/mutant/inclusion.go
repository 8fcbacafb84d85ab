//go:build !mutant_inclusion

package mutant

// Inclusion: a receipt counts without standing in the log.
const Inclusion = false
