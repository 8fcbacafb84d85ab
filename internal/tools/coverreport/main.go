// Command coverreport reads the output of "go tool covdata func" on stdin and lists the exported
// functions that nothing reached, by package, with the totals. Functions of the practice GitHub
// and of the tools in internal are left out: they are not the product.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"strings"
	"unicode"
)

const module = "github.com/omega/marketops/"

var tools = []string{"internal/test/", "internal/tools/"}

func main() {
	exported, reached := 0, 0
	missed := map[string][]string{}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		pkg, name, percent, ok := line(in.Text())
		if !ok || !isExported(name) {
			continue
		}
		exported++
		if percent != "0.0%" {
			reached++
			continue
		}
		missed[pkg] = append(missed[pkg], name)
	}
	for _, pkg := range sorted(missed) {
		fmt.Printf("not reached  %s: %s\n", pkg, strings.Join(missed[pkg], ", "))
	}
	fmt.Printf("exported functions reached by stories, vectors and tests: %d of %d\n", reached, exported)
	if in.Err() != nil || exported == 0 {
		os.Exit(1)
	}
}

// line splits "module/pkg/file.go:12:\tName\t100.0%".
func line(s string) (pkg, name, percent string, ok bool) {
	f := strings.Fields(s)
	if len(f) != 3 || !strings.HasPrefix(f[0], module) {
		return "", "", "", false
	}
	file := strings.TrimPrefix(f[0], module)
	for _, t := range tools {
		if strings.HasPrefix(file, t) {
			return "", "", "", false
		}
	}
	pkg = "."
	if i := strings.LastIndex(file, "/"); i >= 0 {
		pkg = file[:i]
	}
	return pkg, f[1], f[2], true
}

func isExported(name string) bool {
	if i := strings.LastIndex(name, "."); i >= 0 {
		name = name[i+1:]
	}
	return name != "" && unicode.IsUpper(rune(name[0]))
}

func sorted(m map[string][]string) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
