package verifier_test

import (
	"bytes"
	"testing"

	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/lifetest"
	"github.com/omega/marketops/verifier/pack"
)

// judge reads and verifies, and returns nil for what is no pack.
func judge(b []byte, t *receipt.Trust, w *lifetest.World) *verifier.Report {
	p, err := pack.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil
	}
	return verifier.Verify(p, t, w.Now)
}

func TestNoByteIsFree(t *testing.T) {
	w := lifetest.New()
	w.Live()
	good, trust := w.PackBytes(), w.Trust()
	if !judge(good, trust, w).Verified() {
		t.Fatal("control")
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		if judge(b, trust, w).Verified() {
			t.Fatalf("byte %d of %d flipped is verified", i, len(good))
		}
	}
}

// TestNoFileIsFree changes bytes of each file of an opened pack, behind the manifest's back. An
// envelope's key id is a hint that nobody believes; what was signed must not change.
func TestNoFileIsFree(t *testing.T) {
	w := lifetest.New()
	w.Live()
	trust := w.Trust()
	bend := func(what string, b []byte, p *pack.Pack) {
		name := receipt.NameOf(b)
		for i := 0; i < len(b); i += max(1, len(b)/20) {
			b[i] ^= 1
			if verifier.Verify(p, trust, w.Now).Verified() && (name.IsZero() || receipt.NameOf(b) != name) {
				t.Errorf("%s: byte %d of %d flipped is verified", what, i, len(b))
			}
			b[i] ^= 1
		}
		if !verifier.Verify(p, trust, w.Now).Verified() {
			t.Fatal("control after", what)
		}
	}
	p := w.Pack()
	bend("plan", p.Plan, p)
	bend("checkpoint", p.Checkpoint, p)
	for d, b := range p.Operations {
		bend("operation "+d.Short(), b, p)
	}
	for d, b := range p.Evidence {
		bend("evidence "+d.Short(), b, p)
	}
	for h, b := range p.Proofs {
		bend("proof "+h.String(), b, p)
	}
	for h, b := range p.Records {
		bend("record "+h.String(), b, p)
	}
}

func FuzzVerify(f *testing.F) {
	w := lifetest.New()
	w.Live()
	trust, good := w.Trust(), w.PackBytes()
	control := w.Pack()
	target := w.Entries[3].Record.LeafHash()
	f.Add(control.Records[target], control.Proofs[target], control.Checkpoint, control.Plan)
	f.Add([]byte("{}"), []byte("c2sp.org/tlog-proof@v1\nindex 0\n\n"), []byte("log.example.com\n0\n\n"), []byte("{}"))
	f.Fuzz(func(t *testing.T, record, proof, checkpoint, plan []byte) {
		p, err := pack.Read(bytes.NewReader(good), int64(len(good)))
		if err != nil {
			t.Fatal(err)
		}
		name := receipt.NameOf(p.Records[target])
		p.Records[target], p.Proofs[target], p.Checkpoint, p.Plan = record, proof, checkpoint, plan
		r := verifier.Verify(p, trust, w.Now)
		if r.Verified() && (receipt.NameOf(record) != name || !bytes.Equal(plan, control.Plan)) {
			t.Fatal("something else is verified")
		}
		if r.Verdict == "" || len(r.NotCovered) == 0 {
			t.Fatal("no verdict")
		}
	})
}
