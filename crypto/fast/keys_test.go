package fast

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	"github.com/omega/marketops/crypto"
)

// TestKeys: a key that is used often is expanded, no more than maxExpanded are, and the verdicts
// stay what they were under concurrent calls.
func TestKeys(t *testing.T) {
	private := make([]*crypto.PrivateKey, maxExpanded+2)
	for i := range private {
		k, err := crypto.NewPrivateKey(bytes.Repeat([]byte{byte(i + 1)}, 32))
		if err != nil {
			t.Fatal(err)
		}
		private[i] = k
	}
	var keys Keys
	var wg sync.WaitGroup
	text := []byte("a message")
	for i, k := range private {
		good, err := k.Sign(text)
		if err != nil {
			t.Fatal(err)
		}
		bad := slices.Clone(good)
		bad[i%len(bad)] ^= 1
		own, other := k.Public(), private[(i+1)%len(private)].Public()
		wg.Go(func() {
			for range manyUses * 2 {
				if !keys.Verify(own, text, good) || keys.Verify(own, text, bad) || keys.Verify(own, text[1:], good) || keys.Verify(other, text, good) {
					t.Errorf("key %d is judged wrong", i)
				}
			}
		})
	}
	wg.Wait()
	expanded := 0
	for _, k := range private {
		if keys.use(k.Public()).key.Load() != nil {
			expanded++
		}
	}
	if expanded != maxExpanded {
		t.Errorf("%d keys were expanded, want %d", expanded, maxExpanded)
	}
	if keys.Verify(crypto.PublicKey{}, text, make([]byte, 64)) {
		t.Error("the zero key verifies")
	}
}
