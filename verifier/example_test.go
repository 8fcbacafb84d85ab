package verifier_test

import (
	"fmt"

	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// Many records under one checkpoint: its signatures and its quorum are verified once, by Open. What
// Open returns vouches for the root, and each proof is checked against it alone.
func Example_manyReceipts() {
	w := logworld.New()
	w.Live()
	p, trust := w.Pack(), w.Trust()

	checkpoint, err := trust.Log().Open(p.Checkpoint)
	if err != nil {
		fmt.Println(err)
		return
	}
	verified := 0
	for leaf, envelope := range p.Records {
		record, err := receipt.Open(envelope, trust.Ring())
		if err != nil {
			fmt.Println(err)
			continue
		}
		proof, err := log.ParseProof(p.Proofs[leaf])
		if err == nil {
			err = proof.VerifyUnder(checkpoint, record.Leaf())
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		verified++
	}
	fmt.Println(verified, "of", len(p.Records))
	// Output: 8 of 8
}
