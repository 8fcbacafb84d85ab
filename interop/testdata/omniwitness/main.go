//go:build tools

// Package omniwitness pins the witness of transparency-dev that a test builds.
package omniwitness

import _ "github.com/transparency-dev/witness/cmd/omniwitness"
