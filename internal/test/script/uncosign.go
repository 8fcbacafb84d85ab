package script

import (
	"bytes"
	"os"
	"strings"

	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/pack"
	"github.com/rogpeppe/go-internal/testscript"
)

// uncosign copies a pack without the last cosignature of its checkpoint, which is all that is wrong with it.
func uncosign(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: uncosign PACK OUT")
	}
	text := ts.ReadFile(args[0])
	p, err := pack.Read(strings.NewReader(text), int64(len(text)))
	ts.Check(err)
	trust, err := trust.Parse([]byte(ts.ReadFile(".marketops/trust.json")))
	ts.Check(err)
	cp, err := trust.Log().Open(p.Checkpoint)
	ts.Check(err)
	lines := bytes.SplitAfter(cp.Raw, []byte("\n"))
	cp.Raw = bytes.Join(lines[:len(lines)-2], nil)
	c := pack.Contents{Run: p.Manifest.RunID, Plan: p.Plan, Checkpoint: cp}
	for _, d := range p.Operations {
		c.Operations = append(c.Operations, d)
	}
	for d, t := range p.Evidence {
		c.Evidence = append(c.Evidence, pack.Evidence{Digest: d, Text: t})
	}
	for leaf, envelope := range p.Records {
		rec, err := receipt.Open(envelope, trust.Ring())
		ts.Check(err)
		proof, err := log.ParseProof(p.Proofs[leaf])
		ts.Check(err)
		c.Entries = append(c.Entries, pack.Entry{Record: rec, Proof: &log.Proof{Index: proof.Index, Hashes: proof.Hashes, Checkpoint: cp.Raw}})
	}
	var b bytes.Buffer
	ts.Check(pack.Write(&b, c))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o644))
}
