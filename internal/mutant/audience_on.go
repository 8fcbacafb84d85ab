//go:build mutant_audience

package mutant

// Audience: any publisher may spend a receipt.
const Audience = true
