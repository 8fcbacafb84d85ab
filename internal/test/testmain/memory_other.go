//go:build !linux

package testmain

// memory is "": only Linux has a folder in memory that every user may write.
func memory() string { return "" }
