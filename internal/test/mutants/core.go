package main

import "github.com/omega/marketops/internal/test/overlay"

const outcomeFile = "federation/server/outcome.go"

var coreMutants = []mutant{
	// The model makes this mistake too.
	{"logfirst", "freezing an outcome before it is appended", "federation/server", "TestOutcomeRefused", []overlay.Patch{
		{File: outcomeFile, Old: "frozen := frozenForm(rec)", New: "frozen := frozenForm(rec); c.tree.Append(ctx, rec.Leaf())"},
	}},
}
