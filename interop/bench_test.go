package interop

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// ours verifies one receipt and its proof from bytes. The checkpoint was verified once for all of them.
type ours struct {
	trust           *trust.Trust
	cp              *log.Checkpoint
	envelope, proof []byte
}

func newOurs(b *testing.B) *ours {
	trust, err := trust.Parse(readFile(b, filepath.Join(evidence.dir, ".marketops", "trust.json")))
	if err != nil {
		b.Fatal(err)
	}
	var file struct{ DSSEEnvelope json.RawMessage }
	if err := json.Unmarshal(readFile(b, evidence.receipt.Signatures[0].Bundle), &file); err != nil {
		b.Fatal(err)
	}
	rec, err := receipt.Open(file.DSSEEnvelope, trust.Ring())
	if err != nil {
		b.Fatal(err)
	}
	name := rec.LeafHash().String()
	o := &ours{trust: trust, envelope: inPack(b, "records/"+name+".json"), proof: inPack(b, "proofs/"+name+".tlog-proof")}
	p, err := log.ParseProof(o.proof)
	if err == nil {
		o.cp, err = trust.Log().Open(p.Checkpoint)
	}
	if err == nil {
		err = o.verify()
	}
	if err != nil {
		b.Fatal(err)
	}
	return o
}

func (o *ours) verify() error {
	rec, err := receipt.Open(o.envelope, o.trust.Ring())
	if err != nil {
		return err
	}
	p, err := log.ParseProof(o.proof)
	if err != nil {
		return err
	}
	if err := p.VerifyUnder(o.cp, rec.Leaf()); err != nil {
		return err
	}
	r, ok := rec.Body.(*receipt.Receipt)
	if !ok {
		return errors.New("not a receipt")
	}
	_, err = o.trust.Admit(rec, r.IssuedAt, &log.Position{Origin: o.cp.Origin, Index: p.Index})
	return err
}

// theirs verifies the same receipt with sigstore-go, whose verifier was made once.
type theirs struct {
	verifier *verify.Verifier
	policy   verify.PolicyBuilder
	bundle   []byte
	parsed   *bundle.Bundle
}

func newTheirs(b *testing.B) *theirs {
	s := evidence.receipt.Signatures[0]
	logs, err := root.NewTrustedRootFromPath(evidence.receipt.TrustedRoot)
	if err != nil {
		b.Fatal(err)
	}
	key, err := publicKey(s.Public)
	if err != nil {
		b.Fatal(err)
	}
	keys := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(key, time.Time{}, time.Time{}), nil
	})
	v, err := verify.NewVerifier(root.TrustedMaterialCollection{logs, keys}, verify.WithTransparencyLog(1), verify.WithNoObserverTimestamps())
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256(readFile(b, evidence.receipt.Document))
	t := &theirs{verifier: v, policy: verify.NewPolicy(verify.WithArtifactDigest("sha256", digest[:]), verify.WithKey()), bundle: readFile(b, s.Bundle)}
	if err := t.verify(); err != nil {
		b.Fatal(err)
	}
	return t
}

func (t *theirs) verify() error {
	t.parsed = new(bundle.Bundle)
	if err := t.parsed.UnmarshalJSON(t.bundle); err != nil {
		return err
	}
	return t.judge()
}

func (t *theirs) judge() error {
	_, err := t.verifier.Verify(t.parsed, t.policy)
	return err
}

// BenchmarkReceipts verifies the same receipt with its proof in turns, and says how many a second of
// processor time each does and how many times more we do. Both read bytes and answer for signature, leaf
// and inclusion; sigstore-go verifies the checkpoint each time, for it has no way to keep one.
func BenchmarkReceipts(b *testing.B) {
	o, t := newOurs(b), newTheirs(b)
	var mine, parsing, judging time.Duration
	for b.Loop() {
		mine += busy(b, o.verify)
		parsing += busy(b, t.verify)
		judging += busy(b, t.judge)
	}
	perSecond := func(d time.Duration) float64 { return float64(b.N) * turns / d.Seconds() }
	b.ReportMetric(perSecond(mine), "receipts/s")
	b.ReportMetric(perSecond(parsing), "sigstore-go/s")
	b.ReportMetric(perSecond(mine)/perSecond(parsing), "times-sigstore-go")
	b.ReportMetric(perSecond(mine)/perSecond(judging), "times-its-verify-alone")
	b.ReportMetric(0, "ns/op")
}

// turns is how often one of them verifies before the other does.
const turns = 50

// busy returns the processor time of some turns: other programs do not count, and neither does what the
// other one left to be collected. It fails the benchmark if one of them fails, for a refusal is quick.
func busy(b *testing.B, f func() error) time.Duration {
	runtime.GC()
	start := used(b)
	for range turns {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	return used(b) - start
}

func used(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// inPack returns one file of the run's pack, read by the standard library.
func inPack(b *testing.B, name string) []byte {
	z, err := zip.OpenReader(filepath.Join(evidence.dir, "run.mopack"))
	if err != nil {
		b.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

func readFile(b *testing.B, file string) []byte {
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	return text
}
