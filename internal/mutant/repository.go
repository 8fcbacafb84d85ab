//go:build !mutant_repository

package mutant

// Repository: a receipt for one repository is good for another.
const Repository = false
