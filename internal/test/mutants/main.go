// Command mutants proves that the safeguards are watched. Each mutant removes one safeguard in a copy
// of the source (package overlay); the test that is named with it must fail then. Each test runs first
// on the source as it is: one that fails anyway proves nothing.
//
//	go run ./internal/test/mutants               every control and every mutant
//	go run ./internal/test/mutants run kind      these two only
//	go run ./internal/test/mutants -write DIR run
//	                                             writes the changed copy into DIR, and the commands to
//	                                             look at it and to run the test by hand
//
// The tables are in one file for each product package: gate.go is about receipt/gate, core.go about
// federation/core. A patch that no longer fits the source fails TestTables, which builds nothing.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/omega/marketops/internal/test/overlay"
)

// mutant is one safeguard removed.
type mutant struct {
	name, removes string
	pkg, test     string // the test of this package must fail
	patches       []overlay.Patch
}

var mutants = slices.Concat(cryptoMutants, trustMutants, gateMutants, lifecycleMutants, viewMutants, claimsMutants, coreMutants,
	readMutants, publisherMutants, githubMutants, verifierMutants, cliMutants, operationMutants, witnessMutants, leakMutants, planMutants, fileMutants)

func main() {
	dir := flag.String("write", "", "write the changed copies into this `folder`, and run nothing")
	flag.Parse()
	chosen, err := choose(flag.Args())
	if err == nil && *dir != "" {
		err = write(*dir, chosen)
	} else if err == nil {
		err = run(chosen)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// choose returns the mutants with these names, or all.
func choose(names []string) (out []mutant, err error) {
	for _, m := range mutants {
		if len(names) == 0 || slices.Contains(names, m.name) {
			out = append(out, m)
		}
	}
	if len(names) > 0 && len(out) != len(names) {
		err = fmt.Errorf("%q: %d of them are mutants", names, len(out))
	}
	return out, err
}

// write leaves the copies of each mutant in a folder of dir, and says what to do with them.
func write(dir string, chosen []mutant) error {
	root, err := overlay.Root()
	for _, m := range chosen {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, m.name)
		var flag string
		if flag, err = overlay.Write(root, to, m.patches); err != nil {
			return err
		}
		fmt.Printf("# %s: without %s this test must fail\n", m.name, m.removes)
		for _, file := range files(m.patches) {
			fmt.Printf("diff -u %s %s\n", file, filepath.Join(to, filepath.FromSlash(file)))
		}
		fmt.Printf("go test %s -vet=off -run '^%s$' ./%s\n", flag, m.test, m.pkg)
	}
	return err
}

func files(patches []overlay.Patch) (out []string) {
	for _, p := range patches {
		if !slices.Contains(out, p.File) {
			out = append(out, p.File)
		}
	}
	return out
}

func run(chosen []mutant) error {
	root, err := overlay.Root()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	w := &workshop{root: root, dir: dir}
	err = w.each(controls(chosen))
	if err == nil {
		err = w.each(tasks(chosen))
	}
	if err == nil {
		fmt.Printf("%d mutants, none survived\n", len(chosen))
	}
	return errors.Join(err, os.RemoveAll(dir))
}
