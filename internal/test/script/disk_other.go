//go:build !linux

package script

import (
	"fmt"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// condition [mount] holds nowhere but on Linux.
func condition(name string) (bool, error) {
	if name == "root" {
		return os.Geteuid() == 0, nil
	}
	if name != "mount" {
		return false, fmt.Errorf("no condition %s", name)
	}
	return false, nil
}

func small(ts *testscript.TestScript, neg bool, args []string)  { ts.Fatalf("needs Linux") }
func fill(ts *testscript.TestScript, neg bool, args []string)   { ts.Fatalf("needs Linux") }
func unfill(ts *testscript.TestScript, neg bool, args []string) { ts.Fatalf("needs Linux") }
