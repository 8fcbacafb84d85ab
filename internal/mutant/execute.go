//go:build !mutant_execute

package mutant

// Execute: GitHub is called without asking the ledger for the door.
const Execute = false
