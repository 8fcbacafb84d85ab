package main

import "github.com/omega/marketops"

// elsewhere lists the codes that can be neither a vector nor a story, and why. Each must still be
// named by a Go test. It is empty: every code has one or the other.
var elsewhere = map[marketops.Code]string{}
