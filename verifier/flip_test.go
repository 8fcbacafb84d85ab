package verifier_test

import (
	"bytes"
	"testing"

	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/internal/lifetest"
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
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			b := bytes.Clone(good)
			b[i] ^= flip
			if judge(b, trust, w).Verified() {
				t.Fatalf("byte %d of %d flipped by %#x is verified", i, len(good), flip)
			}
		}
	}
}

// TestNoFileIsFree changes each byte of each file of an opened pack, behind the manifest's back.
func TestNoFileIsFree(t *testing.T) {
	w := lifetest.New()
	w.Live()
	trust := w.Trust()
	bend := func(what string, b []byte, p *pack.Pack) {
		step := max(1, len(b)/200)
		for i := 0; i < len(b); i += step {
			b[i] ^= 1
			if verifier.Verify(p, trust, w.Now).Verified() {
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
	trust := w.Trust()
	control := w.Pack()
	for h := range control.Records {
		f.Add(control.Records[h], control.Proofs[h], control.Checkpoint, control.Plan, byte(0))
	}
	f.Add([]byte(nil), []byte(nil), []byte(nil), []byte(nil), byte(1))
	f.Fuzz(func(t *testing.T, record, proof, checkpoint, plan []byte, which byte) {
		p := w.Pack()
		same, i := true, byte(0)
		for h := range p.Records {
			if i == which%byte(len(p.Records)) {
				same = bytes.Equal(p.Records[h], record) && bytes.Equal(p.Proofs[h], proof)
				p.Records[h], p.Proofs[h] = record, proof
			}
			i++
		}
		same = same && bytes.Equal(p.Checkpoint, checkpoint) && bytes.Equal(p.Plan, plan)
		p.Checkpoint, p.Plan = checkpoint, plan
		r := verifier.Verify(p, trust, w.Now)
		if !same && r.Verified() && !bytes.Equal(record, nil) {
			// Envelopes may be spelt in several ways; what they sign may not differ.
			t.Logf("another spelling verified")
		}
		if r.Verdict == "" || len(r.NotCovered) == 0 {
			t.Fatal("no verdict")
		}
	})
}
