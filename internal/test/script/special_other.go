//go:build !unix

package script

import "github.com/rogpeppe/go-internal/testscript"

func pipe(ts *testscript.TestScript, neg bool, args []string)   { ts.Fatalf("needs Unix") }
func sparse(ts *testscript.TestScript, neg bool, args []string) { ts.Fatalf("needs Unix") }
func given(ts *testscript.TestScript, neg bool, args []string)  { ts.Fatalf("needs Unix") }
