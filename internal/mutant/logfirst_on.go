//go:build mutant_logfirst

package mutant

// LogFirst: an outcome is appended before it is frozen.
const LogFirst = true
