//go:build mutant_consistency

package mutant

// Consistency: a log is believed that is not the continuation of the one seen before.
const Consistency = true
