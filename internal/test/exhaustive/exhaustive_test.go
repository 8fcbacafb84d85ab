package exhaustive

import (
	"slices"
	"testing"
)

func TestSample(t *testing.T) {
	cases := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	t.Setenv("MARKETOPS_EXHAUSTIVE", "")
	t.Setenv("MARKETOPS_SEED", "7")
	got := Sample(t, 4, cases)
	if len(got) != 4 || !slices.IsSorted(got) || !slices.Equal(got, Sample(t, 4, cases)) {
		t.Errorf("one seed gives %v and %v", got, Sample(t, 4, cases))
	}
	seen := map[int]bool{}
	for _, seed := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"} {
		t.Setenv("MARKETOPS_SEED", seed)
		for _, c := range Sample(t, 4, cases) {
			seen[c] = true
		}
	}
	if len(seen) != len(cases) {
		t.Errorf("16 seeds reach only %v", seen)
	}
	t.Setenv("MARKETOPS_EXHAUSTIVE", "1")
	if !slices.Equal(Sample(t, 4, cases), cases) {
		t.Error("the whole table is not whole")
	}
}
