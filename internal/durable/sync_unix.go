//go:build unix

package durable

import "os"

// Sync makes what was made, renamed or removed in a folder durable.
func Sync(root *os.Root, dir string) error {
	f, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
