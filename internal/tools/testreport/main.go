// Command testreport reads the output of "go test -json" on stdin and prints what a person
// needs: each package, the full output of what failed, each skipped test with its reason, and the
// counts. It exits 1 if anything failed, if a test was skipped without saying why, if no test ran
// and, where the variable CI is set, if any test was skipped: what CI does not run, nobody runs.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

type report struct {
	output                  map[string][]string // by package and test
	passed, failed, skipped int
	silent                  int // skipped without a reason
}

func main() {
	r := report{output: map[string][]string{}}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // the build's own words
			continue
		}
		r.take(e)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	inCI := os.Getenv("CI") != "" && r.skipped > 0
	if in.Err() != nil || r.failed > 0 || r.silent > 0 || r.passed == 0 || inCI {
		os.Exit(1)
	}
}

func (r *report) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		r.output[key] = append(r.output[key], e.Output)
	case "pass":
		r.pass(e, key)
	case "fail", "build-fail":
		r.failed++
		fmt.Printf("--- FAIL: %s\n%s", key, strings.Join(r.output[key], ""))
	case "skip":
		r.skip(e, key)
	}
}

func (r *report) pass(e event, key string) {
	if e.Test == "" {
		fmt.Printf("ok  \t%s\t%.1fs\n", e.Package, e.Elapsed)
		return
	}
	r.passed++
	delete(r.output, key)
}

func (r *report) skip(e event, key string) {
	if e.Test == "" {
		return // a package without tests
	}
	r.skipped++
	reason := reasonIn(r.output[key])
	if reason == "" {
		r.silent++
		reason = "NO REASON GIVEN"
	}
	fmt.Printf("--- SKIP: %s: %s\n", key, reason)
}

// reasonIn finds the text of t.Skip: the indented line that names a file.
func reasonIn(lines []string) string {
	for _, l := range lines {
		if _, text, ok := strings.Cut(strings.TrimSpace(l), ".go:"); ok {
			if _, reason, ok := strings.Cut(text, ": "); ok && strings.TrimSpace(reason) != "" {
				return strings.TrimSpace(reason)
			}
		}
	}
	return ""
}
