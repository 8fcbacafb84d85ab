package verifier_test

import (
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier"
)

// TestCompare: two roots for one size convict the log by its own signatures; nothing else does.
func TestCompare(t *testing.T) {
	w := logworld.New()
	logworld.Witness(w) // whose cosignatures no evidence needs
	for _, leaf := range []string{"a", "b", "c"} {
		w.Log.Append([]byte(leaf))
	}
	fork := logtest.New(w.Log.Origin, w.Log.Key)
	stranger := logtest.New(w.Log.Origin, logworld.Stranger)
	for _, l := range []*logtest.Log{fork, stranger} {
		for _, leaf := range []string{"a", "b", "d"} {
			l.Append([]byte(leaf))
		}
	}
	at := func(l *logtest.Log, size uint64) string { return string(l.CheckpointAt(size)) }
	for _, c := range []struct {
		name  string
		files []string
		want  []string
		exit  int
	}{
		{"one: nothing is compared", []string{at(w.Log, 3)}, []string{"nothing-to-verify"}, 11},
		{"twice the same", []string{at(w.Log, 3), at(w.Log, 3)}, nil, 0},
		{"two sizes: nothing is compared", []string{at(w.Log, 3), at(fork, 2)}, []string{"nothing-to-verify"}, 11},
		{"two sizes, and one of them twice", []string{at(w.Log, 3), at(fork, 2), at(w.Log, 2)}, nil, 0},
		{"what both have in common", []string{at(w.Log, 2), at(fork, 2)}, nil, 0},
		{"two roots in two files", []string{at(w.Log, 3), at(fork, 3)}, []string{"split-view"}, 14},
		{"two roots in one file", []string{at(w.Log, 3) + "\n" + at(fork, 3)}, []string{"split-view"}, 14},
		{"two roots among others", []string{at(w.Log, 2), at(fork, 3), at(w.Log, 1) + "\n" + at(w.Log, 3)}, []string{"split-view"}, 14},
		{"a stranger's", []string{at(w.Log, 3), at(stranger, 3)}, []string{"checkpoint-unsigned"}, 11},
		{"nothing", []string{""}, []string{"checkpoint-unsigned"}, 11},
		{"three in one file", []string{at(w.Log, 1) + "\n" + at(w.Log, 2) + "\n" + at(fork, 3)}, []string{"checkpoint-unsigned"}, 11},
		{"no file", nil, []string{"nothing-to-verify"}, 11},
	} {
		var files []verifier.Evidence
		for _, text := range c.files {
			files = append(files, verifier.Evidence{Name: "file", Text: []byte(text)})
		}
		r := verifier.Compare(files, w.Trust())
		if got := codes(r); !slices.Equal(got, c.want) || r.ExitCode() != c.exit {
			t.Errorf("%s: %v, exit %d, want %v, %d\n%s", c.name, got, r.ExitCode(), c.want, c.exit, describe(r))
		}
		if verifier.Compare(files, nil).Code != marketops.TrustMissing {
			t.Errorf("%s: compared without a trust file", c.name)
		}
	}
}

func FuzzCompare(f *testing.F) {
	w := logworld.New()
	for _, leaf := range []string{"a", "b", "c"} {
		w.Log.Append([]byte(leaf))
	}
	trust := w.Trust()
	one := string(w.Log.CheckpointAt(2))
	f.Add([]byte(one), []byte(one+"\n"+string(w.Log.Checkpoint())))
	f.Add([]byte("\n\n\n\n\n\n"), []byte(nil))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		r := verifier.Compare([]verifier.Evidence{{Name: "a", Text: a}, {Name: "b", Text: b}}, trust)
		if r.ExitCode() == verifier.ExitMisbehaviour {
			t.Fatalf("an honest log is convicted by %q and %q", a, b)
		}
	})
}
