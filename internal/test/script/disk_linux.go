package script

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

const diskSize = 96 << 20 // bytes; more than the Core's reserve

// condition [mount] holds where this process may mount a file system.
func condition(name string) (bool, error) {
	if name == "root" {
		return os.Geteuid() == 0, nil
	}
	if name != "mount" {
		return false, fmt.Errorf("no condition %s", name)
	}
	dir, err := os.MkdirTemp("", "mount")
	if err != nil {
		return false, err
	}
	defer os.Remove(dir)
	if mount(dir) != nil {
		return false, nil
	}
	return true, syscall.Unmount(dir, 0)
}

func mount(dir string) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", diskSize))
}

// small mounts a small file system on a folder that it makes, for as long as the story lasts.
func small(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: small DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(mount(dir))
	ts.Defer(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}

const ballast = "ballast"

// fill leaves so many KiB free.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill DIR KIB")
	}
	leave, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	var at syscall.Statfs_t
	ts.Check(syscall.Statfs(ts.MkAbs(args[0]), &at))
	if at.Blocks*uint64(at.Bsize) > diskSize {
		ts.Fatalf("%s is no small file system", args[0])
	}
	free := at.Bavail * uint64(at.Bsize)
	if free < leave<<10 {
		ts.Fatalf("%d bytes are free, less than %d KiB", free, leave)
	}
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), ballast), make([]byte, free-leave<<10), 0o600))
}

// unfill gives the space back.
func unfill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unfill DIR")
	}
	ts.Check(os.Remove(filepath.Join(ts.MkAbs(args[0]), ballast)))
}
