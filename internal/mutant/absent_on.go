//go:build mutant_absent

package mutant

// Absent: "GitHub does not show it" is recorded as "it failed".
const Absent = true
