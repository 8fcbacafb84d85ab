package main

import "github.com/omega/marketops/internal/test/overlay"

const trustFile = "receipt/trust/trust.go"

var trustMutants = []mutant{
	{"revoked", "refusing revoked keys", "receipt/trust", "TestAdmitWindowAndRevocation", []overlay.Patch{
		{File: trustFile, Old: "if h.Key.revokedAt(pos)", New: "if false"},
	}},
}
