// Command marketops is what everybody types: plan, submit, approve, authorize, publish, verify.
//
// It holds no code that issues receipts or writes the log; those are in marketops-core. The
// GitHub write credential is read inside publish and reconcile alone.
package main

import (
	"os"

	"github.com/omega/marketops/internal/cli"
)

func main() {
	s := cli.System("marketops")
	os.Exit(cli.Main(newRoot(s), s, os.Args[1:]))
}
