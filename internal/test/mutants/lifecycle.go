package main

import "github.com/omega/marketops/internal/test/overlay"

const outcomesFile = "receipt/lifecycle/outcomes.go"

var lifecycleMutants = []mutant{
	// The model of the protocol (docs/model) makes this mistake too.
	{"physical", "counting a leaf that was appended twice once", "verifier/audit", "TestOneRecordTwice", []overlay.Patch{
		{File: outcomesFile, Old: "h.Outcome.Leaf == e.Leaf", New: "false"},
	}},
}
