//go:build !mutant_revoked

package mutant

// Revoked: a revoked key still signs.
const Revoked = false
