// Forge makes the records that no honest Federation Core makes, for the parity stories. It is no
// part of the product: nothing that is shipped imports it, and what it makes must be refused.
//
//	forge receipt FROM OUT --key KEY [what to change]   a receipt like FROM, changed and signed anew
//	forge promote FROM OUT --key KEY                    an advisory, renamed to a receipt that is enforceable
//	forge again FROM OUT --key KEY                      the same record once more, under another nonce
//	forge show RECORD                                   what it says, unverified
//	forge log STATE RECORD…                             append records to the log of a Core that is stopped, as
//	                                                    a dishonest operator would, and write their proofs
//	forge age STATE                                     let an hour pass in the ledger of a Core that is stopped
//
// FROM is a record's file, whose signature is not looked at; OUT is written over.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "forge:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	commands := map[string]func([]string) error{"receipt": makeReceipt, "promote": promote, "again": again, "log": appendAll, "age": age, "show": show}
	if len(args) > 0 && commands[args[0]] != nil {
		return commands[args[0]](args[1:])
	}
	return errors.New("usage: forge receipt|promote|again|show|log|age …")
}
