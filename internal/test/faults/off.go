//go:build !faults

package faults

// At does nothing in a normal build.
func At(...string) error { return nil }

// After returns err: in a normal build it does nothing.
func After(err error, _ ...string) error { return err }
