package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	tallyFile  = "receipt/gate/tally.go"
	checksFile = "receipt/gate/checks.go"
	openFile   = "receipt/gate/open.go"
)

var gateMutants = []mutant{
	{"duplicates", "counting persons instead of approvals", "receipt/gate", "TestTally", []overlay.Patch{
		{File: tallyFile, Old: "return len(seen)", New: "for _, v := range t.counted { seen[v.Record.Digest.Hex()] = true }; return len(seen)"},
	}},
	{"audience", "the binding to the publishers who may use it", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: "slices.Contains(r.Audience, e.ask.Publisher)", New: "(true || slices.Contains(r.Audience, e.ask.Publisher))"},
	}},
	{"run", "the binding to a run", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: "r.RunID == e.ask.Run && r.RunID.Valid()", New: "true"},
	}},
	{"kind", "the binding to a kind of operation", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: `r.OperationKind == op.Kind && op.Kind != ""`, New: "true"},
	}},
	{"repository", "the binding to a repository by its number", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: "r.Target == op.Target && ", New: ""},
	}},
	{"content", "comparing the file with the one that was authorised", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: "if expected != got {", New: "if false {"},
	}},
	{"inclusion", "proving that the receipt stands in the log", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: openFile, Old: "l.Proof.Hashes, cp); err != nil {", New: "l.Proof.Hashes, cp); false && err != nil {"},
	}},
	{"host-list", "refusing a host that the trust file does not name", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: "receipt/trust/trust.go", Old: "if slices.Contains(t.file.Hosts, h) {", New: "if true {"},
	}},
	{"assets", "comparing the assets that a receipt names with the operation's", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: checksFile, Old: "slices.Equal(e.record.Subject[1:], receipt.Files(&op))", New: "true"},
	}},
	{"signed-kind", "comparing the kind and repository that people signed with the receipt's", "receipt/gate", "TestSignedKind", []overlay.Patch{
		{File: "receipt/gate/approvals.go", Old: "!slices.Contains(sub.Operations, r.Ref())", New: "false"},
		{File: "receipt/gate/approvals.go", Old: "!slices.Contains(a.Operations, r.Ref())", New: "false"},
	}},
	{"signer", "refusing a record under another key than its signer's", "receipt/gate", "TestVectors", []overlay.Patch{
		{File: "receipt/record.go", Old: "body.header().Signer; got != want {", New: "body.header().Signer; false && got != want {"},
	}},
	{"subject", "computing the first subject from the body", "receipt/gate", "TestVectors", []overlay.Patch{
		{File: "receipt/record.go", Old: "ss[0] != body.about()", New: "false"},
	}},
	{"namedkey", "reading the key of a named approval when the receipt was issued", "receipt/gate", "TestGateRefuses", []overlay.Patch{
		{File: "receipt/gate/approvals.go", Old: "at = e.receipt.IssuedAt", New: "_ = e.receipt.IssuedAt"},
	}},
	{"host-spelling", "refusing a second spelling of a host", "", "TestHost", []overlay.Patch{
		{File: "host.go", Old: `if why := misspelled(s); why != "" {`, New: `if why := misspelled(s); false && why != "" {`},
	}},
	{"no-point", "refusing a key that is no point of the curve", "crypto", "TestWeakKeysAreRefused", []overlay.Patch{
		{File: "crypto/key.go", Old: "SetBytes(raw); err != nil {", New: "SetBytes(raw); false && err != nil {"},
	}},
}
