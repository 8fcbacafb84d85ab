// Command mutants proves that the safeguards are watched. Each mutant removes one safeguard in a copy
// of the source (package overlay); the test that is named with it must fail then. Each test runs first
// on the source as it is: one that fails anyway proves nothing.
//
//	go run ./internal/test/mutants               every control and every mutant
//	go run ./internal/test/mutants run kind      these two only
//	go run ./internal/test/mutants -sample 50    so many of all, by a seed that is printed
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
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

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
	most := flag.Int("sample", 0, "try so many `mutants` of those chosen, by a seed that is printed; 0 tries all")
	flag.Parse()
	chosen, err := choose(flag.Args())
	if err == nil && *most > 0 && *most < len(chosen) {
		chosen, err = sample(chosen, *most)
	}
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

// sample returns n of the mutants. MARKETOPS_SEED repeats the choice of an earlier run.
func sample(all []mutant, n int) ([]mutant, error) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("MARKETOPS_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, fmt.Errorf("MARKETOPS_SEED: %w", err)
		}
	}
	fmt.Printf("%d of %d mutants; MARKETOPS_SEED=%d repeats them\n", n, len(all), seed)
	all = slices.Clone(all)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:n], nil
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
