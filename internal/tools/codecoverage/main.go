// Command codecoverage lists, for each refusal code, where it is proved: bad vectors below
// testdata/vectors/<code>/, stories in testdata/script that expect its text, and Go tests that
// name its constant or its text. Run it in the root of the module:
//
//	go run ./internal/tools/codecoverage
//
// It exits 1 if a code has neither vector nor story and no entry in [elsewhere], or if an entry
// there rests on a Go test that does not exist. A mention is not a proof: the command finds codes
// that nobody thought of, and people judge the rest.
package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/omega/marketops"
)

// proof is where one code is proved.
type proof struct {
	code                    marketops.Code
	vectors, stories, tests []string
}

func main() {
	names, err := constants("codes.go")
	if err != nil {
		fmt.Fprintln(os.Stderr, "codecoverage: run me in the root of the module:", err)
		os.Exit(2)
	}
	proofs, err := search(os.DirFS("."), names)
	if err != nil {
		fmt.Fprintln(os.Stderr, "codecoverage:", err)
		os.Exit(2)
	}
	if bad := report(os.Stdout, proofs, elsewhere); bad > 0 {
		os.Exit(1)
	}
}

// report prints the table and what is wrong, and counts that. elsewhere are the reasons that are
// accepted in place of a vector or a story.
func report(out io.Writer, proofs []proof, elsewhere map[marketops.Code]string) (bad int) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "code\tvectors\tstories\tGo tests\t")
	var notes []string
	for _, p := range proofs {
		reason, allowed := elsewhere[p.code]
		remark := ""
		switch open := len(p.vectors)+len(p.stories) == 0; {
		case open && !allowed:
			bad, remark = bad+1, "UNPROVED: no vector and no story"
		case open && len(p.tests) == 0:
			bad, remark = bad+1, "UNPROVED: the allow-list says "+reason+", but no Go test names it"
		case open:
			remark = reason
		case allowed:
			notes = append(notes, fmt.Sprintf("%s has a vector or a story now; its entry in elsewhere can go", p.code))
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\n", p.code, len(p.vectors), len(p.stories), len(p.tests), remark)
	}
	w.Flush()
	for _, n := range notes {
		fmt.Fprintln(out, n)
	}
	fmt.Fprintf(out, "%d codes, %d unproved\n", len(proofs), bad)
	return bad
}
