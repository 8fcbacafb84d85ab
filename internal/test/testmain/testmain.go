// Package testmain is TestMain for packages whose tests each have a Core, a log and run folders: most of
// their time they wait, and they write many small files that are flushed at once.
//
//	func TestMain(m *testing.M) { os.Exit(testmain.Run(m)) }
package testmain

import (
	"flag"
	"os"
	"testing"
)

// parallel is how many tests run at a time unless -parallel says otherwise.
const parallel = "16"

// room is what a file system in memory must have free, in bytes.
const room = 1 << 30

// Run runs the tests, many at a time, with their temporary folders in memory if the machine has a file
// system there. TMPDIR and -parallel have precedence.
func Run(m *testing.M) int {
	flag.Parse()
	if !isGiven("test.parallel") {
		_ = flag.Set("test.parallel", parallel)
	}
	if _, given := os.LookupEnv("TMPDIR"); given {
		return m.Run()
	}
	dir, err := os.MkdirTemp(memory(), "marketops")
	if err != nil {
		return m.Run()
	}
	defer os.RemoveAll(dir)
	os.Setenv("TMPDIR", dir)
	return m.Run()
}

func isGiven(name string) (given bool) {
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}
