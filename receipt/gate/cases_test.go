package gate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

// TestEveryCase holds the list of hostile cases to what shows each: a vector, a story or a test that
// is there. A case that nothing shows, or that only another code shows, fails.
func TestEveryCase(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(vectorDir, "cases.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for n := range 66 {
		want = append(want, fmt.Sprint(n+1))
	}
	for _, group := range []struct {
		letter string
		n      int
	}{{"H", 6}, {"I", 7}} {
		for n := range group.n {
			want = append(want, fmt.Sprint(group.letter, n+1))
		}
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 || f[1] == "" || f[3] == "" {
			t.Fatalf("%q", line)
		}
		got = append(got, f[0])
		t.Run(f[0], func(t *testing.T) { checkCase(t, f[2], shown(f[3])) })
	}
	if !slices.Equal(got, want) {
		t.Errorf("the cases are %q", got)
	}
}

// shown splits at spaces that begin another item: a text behind # may hold some.
func shown(list string) (out []string) {
	for _, word := range strings.Split(list, " ") {
		if item.MatchString(word) || len(out) == 0 {
			out = append(out, word)
			continue
		}
		out[len(out)-1] += " " + word
	}
	return out
}

var item = regexp.MustCompile(`^(story:[a-z-]+|[a-z/]+\.Test\w+(#.*)?|[a-z-]+/[a-z0-9.-]+)$`)

// checkCase demands that all is there, and that a vector under the case's code is among it, a story
// that names the code, or a test.
func checkCase(t *testing.T, code string, proofs []string) {
	if _, known := marketops.Code(code).Info(); code != "" && !known {
		t.Errorf("%q is no code", code)
	}
	folder := code
	if code == "" {
		folder = "accept"
	}
	answered := false
	for _, p := range proofs {
		name, story := strings.CutPrefix(p, "story:")
		pkg, test, isTest := strings.Cut(p, ".Test")
		switch {
		case story:
			b, err := os.ReadFile("../../testdata/script/" + name + ".txtar")
			answered = answered || strings.Contains(string(b), code)
			if err != nil {
				t.Error(err)
			}
		case isTest:
			answered = true
			checkTest(t, pkg, test)
		default:
			answered = answered || strings.HasPrefix(p, folder+"/")
			if _, err := os.Stat(filepath.Join(vectorDir, p+".json")); err != nil {
				t.Error(err)
			}
		}
	}
	if !answered {
		t.Errorf("nothing of %q answers %q", proofs, code)
	}
}

// checkTest finds a test function, and the text behind # in its file.
func checkTest(t *testing.T, pkg, test string) {
	t.Helper()
	name, text, _ := strings.Cut(test, "#")
	sources, err := filepath.Glob("../../" + pkg + "/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		b, err := os.ReadFile(s)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "\nfunc Test"+name+"(t *testing.T)") {
			if !strings.Contains(string(b), text) {
				t.Errorf("%s has no %q", s, text)
			}
			return
		}
	}
	t.Errorf("%s has no test Test%s", pkg, name)
}
