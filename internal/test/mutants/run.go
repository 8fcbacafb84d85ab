package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/omega/marketops/internal/test/overlay"
)

const (
	// side is how many test binaries are built or run at a time.
	side = 2
	// patience is how long one run of a test may take. Only one that hangs takes so long.
	patience = "30m"
	// tail is how much of the output of a test is shown, in bytes.
	tail = 800
)

// workshop builds the test binaries and runs them.
type workshop struct {
	root, dir string // of the module, and for what is built
}

// task is one test binary and the tests to run with it: as it is, or of one mutant.
type task struct {
	pkg    string
	tests  []string
	mutant *mutant
}

// controls are the distinct tests, by package.
func controls(chosen []mutant) (out []task) {
	for _, m := range chosen {
		i := slices.IndexFunc(out, func(t task) bool { return t.pkg == m.pkg })
		if i < 0 {
			i, out = len(out), append(out, task{pkg: m.pkg})
		}
		if !slices.Contains(out[i].tests, m.test) {
			out[i].tests = append(out[i].tests, m.test)
		}
	}
	return out
}

func tasks(chosen []mutant) (out []task) {
	for _, m := range chosen {
		out = append(out, task{m.pkg, []string{m.test}, &m})
	}
	return out
}

// each does all tasks and prints what came of each.
func (w *workshop) each(ts []task) error {
	slots, broken := make(chan bool, side), 0
	var all sync.WaitGroup
	var mu sync.Mutex
	for i, t := range ts {
		all.Go(func() {
			slots <- true
			defer func() { <-slots }()
			ok, said := w.do(t, fmt.Sprint(i))
			mu.Lock()
			defer mu.Unlock()
			fmt.Println(said)
			if !ok {
				broken++
			}
		})
	}
	if all.Wait(); broken > 0 {
		return fmt.Errorf("%d of %d went wrong", broken, len(ts))
	}
	return nil
}

// do builds first, so that a mutant that does not compile is not taken for one that was noticed.
func (w *workshop) do(t task, name string) (ok bool, said string) {
	binary, err := w.build(t, name)
	if err != nil {
		return false, fmt.Sprintf("BROKEN %s does not build: %v", t, err)
	}
	for _, test := range t.tests {
		out, err := w.test(t, binary, test)
		if ok, said = t.judge(test, out, err); !ok {
			return false, said
		}
	}
	return ok, said
}

func (w *workshop) build(t task, name string) (binary string, err error) {
	var patches []overlay.Patch
	if t.mutant != nil {
		name, patches = t.mutant.name, t.mutant.patches
	}
	dir := filepath.Join(w.dir, name)
	flag, err := overlay.Write(w.root, dir, patches)
	if err != nil {
		return "", err
	}
	binary = filepath.Join(w.dir, name+".test")
	c := exec.Command("go", "test", "-c", "-vet=off", flag, "-o", binary, "./"+t.pkg)
	c.Dir = w.root
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, nil
}

// test runs one test in the folder of its package; a test that is not there has not passed.
func (w *workshop) test(t task, binary, test string) ([]byte, error) {
	c := exec.Command(binary, "-test.run", "^"+test+"$", "-test.v", "-test.timeout", patience)
	c.Dir = filepath.Join(w.root, filepath.FromSlash(t.pkg))
	out, err := c.CombinedOutput()
	if err == nil && !bytes.Contains(out, []byte("--- PASS: "+test+" ")) {
		err = errors.New("no such test")
	}
	return out, err
}

func (t task) String() string {
	if t.mutant != nil {
		return t.mutant.name
	}
	return "control ./" + t.pkg
}

// judge says whether a test did what it must: pass as a control, fail for a mutant.
func (t task) judge(test string, out []byte, err error) (ok bool, said string) {
	var exited *exec.ExitError
	noticed := errors.As(err, &exited) && bytes.Contains(out, []byte("--- FAIL"))
	switch {
	case t.mutant == nil && err == nil:
		return true, fmt.Sprintf("ok %s: %s passes", t, strings.Join(t.tests, ", "))
	case t.mutant != nil && err == nil:
		return false, fmt.Sprintf("SURVIVED %s: without %s %s in ./%s still passes", t, t.mutant.removes, test, t.pkg)
	case t.mutant != nil && noticed:
		return true, fmt.Sprintf("ok killed %s: without %s %s in ./%s fails", t, t.mutant.removes, test, t.pkg)
	}
	return false, fmt.Sprintf("BROKEN %s: %s: %v\n%s", t, test, err, out[max(0, len(out)-tail):])
}
