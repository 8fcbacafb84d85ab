//go:build !mutant_duplicates

package mutant

// Duplicates: approvals are counted, and not persons.
const Duplicates = false
