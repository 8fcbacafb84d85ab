package main

import "github.com/omega/marketops"

// elsewhere lists the codes that cannot be a vector or a story, and why. Each must still be named
// by a Go test.
var elsewhere = map[marketops.Code]string{}
