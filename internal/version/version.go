// Package version says which version of marketops a program was built from.
package version

import "runtime/debug"

// stamp is what git describe said of the source: the Makefile sets it by -ldflags -X.
var stamp string

// Devel is the version of a program that was built from a source without a version.
const Devel = "devel"

// String returns the stamp of the build, else the version that the go command gave to the module,
// else [Devel].
func String() string {
	module := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		module = info.Main.Version
	}
	return choose(stamp, module)
}

func choose(stamp, module string) string {
	switch {
	case stamp != "":
		return stamp
	case module != "" && module != "(devel)":
		return module
	}
	return Devel
}
