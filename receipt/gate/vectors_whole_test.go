package gate_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier"
)

// These tests are about the vectors of whole packs and whole logs, as they lie on disk.

// wholeVectors returns them by the names of their files, with the size of all.
func wholeVectors(t *testing.T) (out map[string]vector, size int64) {
	t.Helper()
	paths, err := filepath.Glob(vectorDir + "/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	out = map[string]vector{}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if !strings.HasPrefix(name, "pack-") && !strings.HasPrefix(name, "log-") {
			continue
		}
		if _, twice := out[name]; twice {
			t.Errorf("%s lies in two folders", name)
		}
		out[name] = readVector(t, path)
		size += sizeOnDisk(t, path)
	}
	return out, size
}

func sizeOnDisk(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestWholeVectors: the vectors on disk are those that the choice takes. Every condition and every code is among
// them, or the choice itself fails.
func TestWholeVectors(t *testing.T) {
	var want []string
	for _, x := range chooseWorlds(t) {
		for _, v := range x.vectors() {
			want = append(want, v.name)
		}
	}
	slices.Sort(want)
	onDisk, size := wholeVectors(t)
	if got := slices.Sorted(maps.Keys(onDisk)); !slices.Equal(got, want) {
		t.Errorf("-update writes them anew: on disk are %q, the choice is %q", got, want)
	}
	if size > worldsSize {
		t.Errorf("%d bytes, at most %d", size, worldsSize)
	}
	t.Logf("%v in %d bytes", count(onDisk), size)
}

// count says how many packs and logs have which verdict.
func count(vectors map[string]vector) map[string]int {
	n := map[string]int{}
	for _, v := range vectors {
		n[v.Function+" "+string(v.Want.Verdict)]++
	}
	return n
}

// TestPackAndLogAgree: no run is verified as a pack and not as a log, or the other way round, but for the attacks
// that say so.
func TestPackAndLogAgree(t *testing.T) {
	vectors, _ := wholeVectors(t)
	pairs := 0
	for name, p := range vectors {
		run, isPack := strings.CutPrefix(name, "pack-")
		l, both := vectors["log-"+run]
		if !isPack || !both {
			continue
		}
		pairs++
		agree := (p.Want.Verdict == verifier.Verified) == (l.Want.Verdict == verifier.Verified)
		if agree == onlyInPack(run) {
			t.Errorf("%s: the pack is %s, the log is %s", run, p.Want.Verdict, l.Want.Verdict)
		}
	}
	if pairs == 0 {
		t.Error("no run is there as a pack and as a log")
	}
	t.Logf("%d runs are there as a pack and as a log", pairs)
}

// onlyInPack reports whether a run is an attack that a log alone does not show.
func onlyInPack(file string) bool {
	return slices.ContainsFunc(logworld.Attacks, func(a logworld.Attack) bool {
		return world{name: a.Name}.file() == file && a.Audit != nil && len(a.Audit) == 0
	})
}

// TestChangedWant: a vector fails if its file wants another verdict, another code, one more or one less.
func TestChangedWant(t *testing.T) {
	vectors, _ := wholeVectors(t)
	tried := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(vectors)) {
		v := vectors[name]
		if kind := v.Function + string(v.Want.Verdict); !tried[kind] {
			tried[kind] = true
			requireNoticed(t, name, v)
		}
	}
	if len(tried) != 6 {
		t.Errorf("tried with %v", tried)
	}
}

func requireNoticed(t *testing.T, name string, v vector) {
	t.Helper()
	want := v.Want
	for _, other := range changed(want) {
		if v.Want = other; v.judge() == nil {
			t.Errorf("%s may want %+v", name, other)
		}
	}
	if v.Want = want; v.judge() != nil {
		t.Errorf("%s: %v", name, v.judge())
	}
}

// changed returns what a vector might want instead.
func changed(w wanted) (out []wanted) {
	for _, verdict := range []verifier.Verdict{verifier.Verified, verifier.Failed, verifier.Indeterminate} {
		if verdict != w.Verdict {
			out = append(out, wanted{w.Code, verdict, w.Codes, nil, ""})
		}
	}
	out = append(out, wanted{"stale", w.Verdict, w.Codes, nil, ""}, wanted{w.Code, w.Verdict, append([]marketops.Code{"stale"}, w.Codes...), nil, ""})
	if len(w.Codes) > 0 {
		out = append(out, wanted{w.Code, w.Verdict, w.Codes[1:], nil, ""})
	}
	return out
}
