//go:build mutant_expiry

package mutant

// Expiry: expiry is not asked again before a visible effect.
const Expiry = true
