package crypto

import (
	"slices"
	"sync"
	"testing"
)

// TestOften: a key that is used often is expanded, no more than maxExpanded are, and the verdicts
// stay what they were, whoever asks at the same time.
func TestOften(t *testing.T) {
	ns := make([]byte, maxExpanded+2)
	for i := range ns {
		ns[i] = byte(i + 1)
	}
	r := keyring(t, ns...)
	var wg sync.WaitGroup
	for i, n := range ns {
		k := testKey(t, n)
		good, err := k.Sign(text)
		if err != nil {
			t.Fatal(err)
		}
		bad := slices.Clone(good)
		bad[i%len(bad)] ^= 1
		wg.Go(func() {
			for range manyUses * 2 {
				if !r.verify(i, text, good) || r.verify(i, text, bad) || r.verify(i, text[1:], good) || r.verify((i+1)%len(ns), text, good) {
					t.Errorf("key %d is judged wrong", n)
				}
			}
		})
	}
	wg.Wait()
	expanded := 0
	for i := range r.often {
		if r.often[i].key.Load() != nil {
			expanded++
		}
	}
	if expanded != maxExpanded {
		t.Errorf("%d keys were expanded, want %d", expanded, maxExpanded)
	}
}
