// Package mutant removes safeguards, one by a build tag each, so that make mutants can show that a test
// notices. In every normal build all of its constants are false and the compiler leaves nothing of
// them. No binary that is built with one of these tags may be used.
package mutant
