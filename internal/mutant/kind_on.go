//go:build mutant_kind

package mutant

// Kind: a receipt for one kind of operation is good for another.
const Kind = true
