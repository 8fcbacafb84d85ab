package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// judged runs the program on events and says whether it was content.
func judged(t *testing.T, ci bool, events ...string) (ok bool, out string) {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	if ci {
		cmd.Env = append(cmd.Env, "CI=true")
	}
	cmd.Stdin = strings.NewReader(strings.Join(events, "\n") + "\n")
	b, err := cmd.CombinedOutput()
	return err == nil, string(b)
}

var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "testreport")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "testreport")
	var out bytes.Buffer
	build := exec.Command("go", "build", "-o", program, ".")
	build.Stdout, build.Stderr = &out, &out
	if err := build.Run(); err != nil {
		panic(out.String())
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

const (
	passed = `{"Action":"pass","Package":"p","Test":"TestA","Elapsed":1}`
	failed = `{"Action":"fail","Package":"p","Test":"TestB"}`
	skips  = `{"Action":"skip","Package":"p","Test":"TestC"}`
	reason = `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:7: needs a moon\n"}`
	bare   = `{"Action":"output","Package":"p","Test":"TestC","Output":"--- SKIP: TestC (0.00s)\n"}`
)

func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		ci     bool
		events []string
		ok     bool
		says   string
	}{
		"all passed":                   {false, []string{passed}, true, "1 passed, 0 failed, 0 skipped"},
		"one failed":                   {false, []string{passed, failed}, false, "--- FAIL: p TestB"},
		"nothing ran":                  {false, nil, false, "0 passed"},
		"only a package without tests": {false, []string{`{"Action":"skip","Package":"p"}`}, false, "0 passed"},
		"does not build":               {false, []string{passed, `{"Action":"build-fail","ImportPath":"q"}`}, false, "1 failed"},
		"skipped with a reason":        {false, []string{passed, reason, skips}, true, "needs a moon"},
		"skipped without one":          {false, []string{passed, bare, skips}, false, "NO REASON GIVEN"},
		"skipped in CI":                {true, []string{passed, reason, skips}, false, "1 skipped"},
		"passed in CI":                 {true, []string{passed}, true, "1 passed"},
	} {
		t.Run(name, func(t *testing.T) {
			ok, out := judged(t, c.ci, c.events...)
			if ok != c.ok || !strings.Contains(out, c.says) {
				t.Errorf("content: %v, want %v; it says\n%s", ok, c.ok, out)
			}
		})
	}
}
