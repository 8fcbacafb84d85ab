// Package exhaustive lets a long table of cases run whole or in part. The everyday suite takes a
// random sample and logs its seed; make exhaustive sets MARKETOPS_EXHAUSTIVE=1 and runs every case.
// MARKETOPS_SEED repeats the sample of an earlier run.
package exhaustive

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// Whole reports whether every case is to run.
func Whole() bool { return os.Getenv("MARKETOPS_EXHAUSTIVE") == "1" }

// Sample returns n of the cases in their order, or all of them if [Whole]. It logs the seed.
func Sample[T any](t testing.TB, n int, cases []T) []T {
	t.Helper()
	if Whole() || n >= len(cases) {
		return cases
	}
	seed := seed(t)
	t.Logf("%d of %d cases; MARKETOPS_SEED=%d repeats them, MARKETOPS_EXHAUSTIVE=1 runs all", n, len(cases), seed)
	chosen := rand.New(rand.NewPCG(seed, 0)).Perm(len(cases))[:n]
	slices.Sort(chosen)
	out := make([]T, n)
	for i, at := range chosen {
		out[i] = cases[at]
	}
	return out
}

func seed(t testing.TB) uint64 {
	t.Helper()
	text := os.Getenv("MARKETOPS_SEED")
	if text == "" {
		return uint64(time.Now().UnixNano())
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("MARKETOPS_SEED=%q is not a number", text)
	}
	return n
}
