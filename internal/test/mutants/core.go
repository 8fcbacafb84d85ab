package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	outcomeFile = "federation/core/outcome.go"
	appendFile  = "federation/recorder/append.go"
)

var coreMutants = []mutant{
	// The model makes this mistake too.
	{"logfirst", "freezing an outcome before it is appended", "federation/core", "TestOutcomeRefused", []overlay.Patch{
		{File: outcomeFile, Old: "frozen := recorder.Frozen(rec)", New: "frozen := recorder.Frozen(rec); e.records.LogFirst(ctx, rec)"},
		{File: appendFile, Old: "// Frozen is what", New: "func (r *Recorder) LogFirst(ctx context.Context, rec *receipt.Record) { r.tree.Append(ctx, rec.Leaf()) }\n\n// Frozen is what"},
	}},
}
