//go:build mutant_recall

package mutant

// Recall: what has no natural key is sent again without looking for it first.
const Recall = true
