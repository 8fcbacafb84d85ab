package verifier_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
)

// judge reads and verifies, and returns nil for what is no pack.
func judge(b []byte, t *trust.Trust, w *logworld.World) *verifier.Report {
	p, err := pack.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil
	}
	return verifier.Verify(p, t, w.Now)
}

// kinds are worlds that publish one operation each, one of every kind.
var kinds = map[marketops.Kind]func(*marketops.Operation){
	marketops.PublishRelease: func(*marketops.Operation) {},
	marketops.TagRepo:        func(op *marketops.Operation) { op.Release = nil },
	marketops.OpenPR: func(op *marketops.Operation) {
		op.Tag, op.Release = nil, nil
		op.PullRequest = &marketops.PullRequest{
			Base: marketops.Ref{Branch: "main", SHA: strings.Repeat("1", 40)}, Head: marketops.Ref{Branch: "topic"}, Title: "Widgets", Body: "Notes",
			Changes: &marketops.ChangeSet{Message: "Widgets", Author: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: logworld.Start},
				BaseTree: strings.Repeat("2", 40), Tree: strings.Repeat("3", 40),
				Changes: []marketops.Change{{Path: "a.txt", Mode: "100644", Size: 3, SHA256: marketops.DigestOf([]byte("abc")),
					Blob: strings.Repeat("4", 40), Before: &marketops.Before{Mode: "100755", Blob: strings.Repeat("5", 40)}}}},
		}
	},
}

// each runs a test for a pack of every kind, which is verified as it is.
func each(t *testing.T, run func(t *testing.T, good []byte, trust *trust.Trust, w *logworld.World)) {
	for kind, shape := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			w := logworld.New()
			w.Ops[0].Kind = kind
			shape(&w.Ops[0])
			w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).OperationKind = kind }
			w.Live()
			good, trust := w.PackBytes(), w.Trust()
			if r := judge(good, trust, w); !r.Verified() || r.Operations[0].Kind != kind {
				t.Fatal("control:", describe(r))
			}
			run(t, good, trust, w)
		})
	}
}

// places are the bytes of n that a test tries: every one of an exhaustive test, else a sample.
func places(t *testing.T, n int) []int {
	t.Helper()
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	part := 4
	if testing.Short() {
		part = 12
	}
	return exhaustive.Sample(t, n/part, all)
}

// TestNoByteIsFree flips bytes in turn, and every bit of every 61st.
func TestNoByteIsFree(t *testing.T) {
	each(t, func(t *testing.T, good []byte, trust *trust.Trust, w *logworld.World) {
		b := bytes.Clone(good)
		for _, i := range places(t, len(b)) {
			for bit := range 8 {
				if bit != i%8 && i%61 != 0 {
					continue
				}
				b[i] ^= 1 << bit
				if judge(b, trust, w).Verified() {
					t.Fatalf("byte %d of %d, bit %d flipped is verified", i, len(b), bit)
				}
				b[i] = good[i]
			}
		}
	})
}

// TestNoLengthButOne cuts at lengths and lets bytes follow.
func TestNoLengthButOne(t *testing.T) {
	each(t, func(t *testing.T, good []byte, trust *trust.Trust, w *logworld.World) {
		for _, n := range places(t, len(good)) {
			if judge(good[:n], trust, w).Verified() {
				t.Fatalf("%d of %d bytes are verified", n, len(good))
			}
		}
		for _, more := range [][]byte{{0}, []byte("\n"), good} {
			if judge(append(bytes.Clone(good), more...), trust, w).Verified() {
				t.Fatalf("%d bytes more are verified", len(more))
			}
		}
	})
}

// piece is one file of an archive: its header, name and content as they stand.
type piece struct{ name, data string }

func pieces(t *testing.T, b []byte) (out []piece) {
	t.Helper()
	for at := 0; binary.LittleEndian.Uint32(b[at:]) == 0x04034b50; {
		size, named := int(binary.LittleEndian.Uint32(b[at+18:])), int(binary.LittleEndian.Uint16(b[at+26:]))
		name := string(b[at+30 : at+30+named])
		out = append(out, piece{name, string(b[at+30+named : at+30+named+size])})
		at += 30 + named + size
	}
	return out
}

// joined writes an archive with headers and a directory that fit, whatever the files are.
func joined(files []piece) []byte {
	le := binary.LittleEndian
	var body, dir []byte
	for _, f := range files {
		c := le.AppendUint32([]byte{10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0}, crc32.ChecksumIEEE([]byte(f.data)))
		c = le.AppendUint32(le.AppendUint32(c, uint32(len(f.data))), uint32(len(f.data)))
		c = append(le.AppendUint16(c, uint16(len(f.name))), 0, 0)
		dir = append(append(append(dir, "PK\x01\x02\x14\x03"...), c...), 0, 0, 0, 0, 0, 0, 0, 0, 0xa4, 0x81)
		dir = append(le.AppendUint32(dir, uint32(len(body))), f.name...)
		body = append(append(append(append(body, "PK\x03\x04"...), c...), f.name...), f.data...)
	}
	end := append([]byte("PK\x05\x06\x00\x00\x00\x00"), byte(len(files)), byte(len(files)>>8), byte(len(files)), byte(len(files)>>8))
	end = le.AppendUint32(le.AppendUint32(end, uint32(len(dir))), uint32(len(body)))
	return append(append(append(body, dir...), end...), 0, 0)
}

// TestNoFileMoves removes, doubles and exchanges the files of the archive, under headers that fit.
func TestNoFileMoves(t *testing.T) {
	each(t, func(t *testing.T, good []byte, trust *trust.Trust, w *logworld.World) {
		files := pieces(t, good)
		if !bytes.Equal(joined(files), good) {
			t.Fatal("control: the archive made by hand differs")
		}
		refuse := func(what string, files []piece) {
			if judge(joined(files), trust, w).Verified() {
				t.Errorf("%s is verified", what)
			}
		}
		for i, f := range files {
			refuse("without "+f.name, append(append([]piece{}, files[:i]...), files[i+1:]...))
			refuse(f.name+" twice", append(append(append([]piece{}, files[:i+1]...), f), files[i+1:]...))
			if i < len(files)-1 {
				refuse(f.name+" at the end", append(append(append([]piece{}, files[:i]...), files[i+1:]...), f))
			}
			for j := range i {
				swapped := append([]piece{}, files...)
				swapped[i].data, swapped[j].data = files[j].data, files[i].data
				if files[i].data != files[j].data {
					refuse(f.name+" under the name "+files[j].name, swapped)
				}
				swapped = append([]piece{}, files...)
				swapped[i], swapped[j] = files[j], files[i]
				refuse(f.name+" in the place of "+files[j].name, swapped)
			}
		}
	})
}

// TestNoFileIsFree changes bytes of each file of an opened pack, behind the manifest's back. An
// envelope's key id is a hint that nobody believes; what was signed must not change.
func TestNoFileIsFree(t *testing.T) {
	each(t, func(t *testing.T, good []byte, trust *trust.Trust, w *logworld.World) {
		tries := 8 // of each file
		if exhaustive.Whole() {
			tries = 30
		}
		bend := func(what string, b []byte, p *pack.Pack) {
			name := receipt.NameUnverified(b)
			for i := 0; i < len(b); i += 1 + len(b)/tries {
				b[i] ^= 1 << (i % 8)
				if verifier.Verify(p, trust, w.Now).Verified() && (name.IsZero() || receipt.NameUnverified(b) != name) {
					t.Errorf("%s: byte %d of %d flipped is verified", what, i, len(b))
				}
				b[i] ^= 1 << (i % 8)
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
	})
}

// FuzzVerify puts other files into a good pack and judges them at every level.
func FuzzVerify(f *testing.F) {
	w := logworld.New()
	w.Live()
	trust, good := w.Trust(), w.PackBytes()
	control := w.Pack()
	target := w.Entries[3].Record.LeafHash()
	f.Add(control.Records[target], control.Proofs[target], control.Checkpoint, control.Plan, w.Log.CheckpointAt(4))
	f.Add([]byte("{}"), []byte("c2sp.org/tlog-proof@v1\nindex 0\n\n"), []byte("log.example.com\n0\n\n"), []byte("{}"), []byte{})
	f.Fuzz(func(t *testing.T, record, proof, checkpoint, plan, held []byte) {
		for _, level := range verifier.Levels {
			p, err := pack.Read(bytes.NewReader(good), int64(len(good)))
			if err != nil {
				t.Fatal(err)
			}
			name := receipt.NameUnverified(p.Records[target])
			p.Records[target], p.Proofs[target], p.Checkpoint, p.Plan = record, proof, checkpoint, plan
			r := verifier.Demand{Require: level, Held: held}.Verify(p, trust, w.Now)
			if r.Verified() && (receipt.NameUnverified(record) != name || !bytes.Equal(plan, control.Plan)) {
				t.Fatal("something else is verified")
			}
			if r.Verdict == "" || len(r.NotCovered) == 0 {
				t.Fatal("no verdict")
			}
		}
	})
}
