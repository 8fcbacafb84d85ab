package log_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	fproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	mtest "github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/tlog"
)

func entry(i uint64) []byte { return fmt.Appendf(nil, "entry %d", i) }

func TestVectorsOfRFC6962(t *testing.T) {
	l := logtest.New(origin, logtest.Key(1))
	for i, leaf := range mtest.LeafInputs() {
		if got := l.Root(uint64(i)); !bytes.Equal(got[:], mtest.RootHashes()[i]) {
			t.Errorf("root of %d entries is %s", i, got)
		}
		if got := log.LeafHash(leaf); !bytes.Equal(got[:], mtest.NodeHashes()[0][i]) {
			t.Errorf("hash of leaf %d is %s", i, got)
		}
		l.Append(leaf)
	}
	if got := log.EmptyRoot(); !bytes.Equal(got[:], mtest.EmptyRootHash()) {
		t.Errorf("empty root %s", got)
	}
	if got := l.Root(8); !bytes.Equal(got[:], mtest.RootHashes()[8]) {
		t.Errorf("root of 8 entries is %s", got)
	}
}

// Every proof of every size up to 80, against x/mod and against merkle's own tree.
func TestProofsAgreeWithReferences(t *testing.T) {
	l, ref := filled(0), mtest.New(rfc6962.DefaultHasher)
	for size := uint64(1); size <= 80; size++ {
		l.Append(entry(size - 1))
		ref.AppendData(entry(size - 1))
		p, tree := l.Policy(), l.Tree()
		cp := tree.Checkpoint()
		if !bytes.Equal(cp.Root[:], ref.Hash()) {
			t.Fatalf("root at %d", size)
		}
		for i := range size {
			pr, err := tree.Inclusion(i)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.VerifyProof(entry(i), pr); err != nil || got.Size != size {
				t.Fatalf("entry %d of %d: %v", i, size, err)
			}
			if err := tlog.CheckRecord(toTlog(pr.Hashes), int64(size), tlog.Hash(cp.Root), int64(i), tlog.RecordHash(entry(i))); err != nil {
				t.Fatalf("entry %d of %d: x/mod says %v", i, size, err)
			}
			want, err := ref.InclusionProof(i, size)
			if err != nil || !equalHashes(pr.Hashes, want) {
				t.Fatalf("entry %d of %d: not merkle's proof, %v", i, size, err)
			}
		}
		for old := range size {
			oldCP, err := p.Open(l.CheckpointAt(old))
			if err != nil {
				t.Fatal(err)
			}
			hs, err := tree.Consistency(oldCP)
			if err != nil {
				t.Fatalf("%d to %d: %v", old, size, err)
			}
			want, err := ref.ConsistencyProof(old, size)
			if err != nil || !equalHashes(hs, want) {
				t.Fatalf("%d to %d: not merkle's proof, %v", old, size, err)
			}
		}
	}
}

func toTlog(in []log.Hash) []tlog.Hash {
	out := make([]tlog.Hash, len(in))
	for i := range in {
		out[i] = tlog.Hash(in[i])
	}
	return out
}

func equalHashes(a []log.Hash, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i][:], b[i]) {
			return false
		}
	}
	return true
}

func TestVerifyProofRefuses(t *testing.T) {
	l := filled(13)
	p := l.Policy()
	const index = 5
	good := l.Prove(index)
	if _, err := p.VerifyProof(entry(index), good); err != nil {
		t.Fatal(err)
	}
	with := func(edit func(*log.Proof)) *log.Proof {
		c := *good
		c.Hashes = append([]log.Hash(nil), good.Hashes...)
		edit(&c)
		return &c
	}
	sibling := log.LeafHash(entry(4))
	node := append([]byte(nil), sibling[:]...)
	right := log.LeafHash(entry(5))
	node = append(node, right[:]...)
	one := filled(1)

	type tc struct {
		name string
		leaf []byte
		pr   *log.Proof
		code marketops.Code
	}
	cases := []tc{
		{"a valid proof of another leaf", entry(6), good, marketops.InclusionInvalid},
		{"the proof of a neighbour", entry(index), l.Prove(index + 1), marketops.InclusionInvalid},
		{"index + 1", entry(index), with(func(p *log.Proof) { p.Index++ }), marketops.InclusionInvalid},
		{"index - 1", entry(index), with(func(p *log.Proof) { p.Index-- }), marketops.InclusionInvalid},
		{"index = size", entry(index), with(func(p *log.Proof) { p.Index = 13 }), marketops.InclusionInvalid},
		{"index 2^63", entry(index), with(func(p *log.Proof) { p.Index = 1 << 63 }), marketops.InclusionInvalid},
		{"index 2^64-1", entry(index), with(func(p *log.Proof) { p.Index = math.MaxUint64 }), marketops.InclusionInvalid},
		{"no hashes", entry(index), with(func(p *log.Proof) { p.Hashes = nil }), marketops.InclusionInvalid},
		{"a hash less", entry(index), with(func(p *log.Proof) { p.Hashes = p.Hashes[1:] }), marketops.InclusionInvalid},
		{"the last hash less", entry(index), with(func(p *log.Proof) { p.Hashes = p.Hashes[:len(p.Hashes)-1] }), marketops.InclusionInvalid},
		{"a hash more", entry(index), with(func(p *log.Proof) { p.Hashes = append(p.Hashes, p.Hashes[0]) }), marketops.InclusionInvalid},
		{"a thousand hashes", entry(index), with(func(p *log.Proof) { p.Hashes = make([]log.Hash, 1000) }), marketops.InclusionInvalid},
		{"two hashes swapped", entry(index), with(func(p *log.Proof) { p.Hashes[0], p.Hashes[1] = p.Hashes[1], p.Hashes[0] }), marketops.InclusionInvalid},
		{"a node as leaf", node, with(func(p *log.Proof) { p.Hashes = p.Hashes[1:]; p.Index = index / 2 }), marketops.InclusionInvalid},
		{"a node as leaf, prefix and all", append([]byte{1}, node...), with(func(p *log.Proof) { p.Hashes = p.Hashes[1:]; p.Index = index / 2 }), marketops.InclusionInvalid},
		{"an empty leaf", nil, good, marketops.InclusionInvalid},
		{"no proof", entry(index), nil, marketops.InclusionInvalid},
		{"the empty log", entry(0), &log.Proof{Checkpoint: filled(0).Checkpoint()}, marketops.InclusionInvalid},
		{"an empty proof in a log of one", entry(0), &log.Proof{Checkpoint: one.Checkpoint()}, ""},
		{"an empty proof of another leaf in a log of one", entry(1), &log.Proof{Checkpoint: one.Checkpoint()}, marketops.InclusionInvalid},
		{"a checkpoint of another size", entry(index), with(func(p *log.Proof) { p.Checkpoint = l.CheckpointAt(12) }), marketops.InclusionInvalid},
		{"a signed lie about the size", entry(index), with(func(p *log.Proof) { p.Checkpoint = l.SignRoot(100, l.Root(13)) }), marketops.InclusionInvalid},
		{"no checkpoint", entry(index), with(func(p *log.Proof) { p.Checkpoint = nil }), marketops.CheckpointUnsigned},
		{"an unsigned checkpoint", entry(index), with(func(p *log.Proof) { p.Checkpoint = bytes.Replace(p.Checkpoint, []byte("\n13\n"), []byte("\n14\n"), 1) }), marketops.CheckpointUnsigned},
	}
	for i := range good.Hashes {
		for _, bit := range []int{0, 255} {
			cases = append(cases, tc{fmt.Sprintf("bit %d of hash %d", bit, i), entry(index),
				with(func(p *log.Proof) { p.Hashes[i][bit/8] ^= 1 << (bit % 8) }), marketops.InclusionInvalid})
		}
	}
	for _, tc := range cases {
		_, err := p.VerifyProof(tc.leaf, tc.pr)
		wantCode(t, tc.name, err, tc.code)
	}
}

func TestVerifyUnder(t *testing.T) {
	l := filled(13)
	cp, good := mustOpen(t, l), l.Prove(5)
	wantCode(t, "control", good.VerifyUnder(cp, entry(5)), "")
	wantCode(t, "another leaf", good.VerifyUnder(cp, entry(6)), marketops.InclusionInvalid)
	wantCode(t, "no checkpoint", good.VerifyUnder(nil, entry(5)), marketops.InclusionInvalid)
	wantCode(t, "no proof", (*log.Proof)(nil).VerifyUnder(cp, entry(5)), marketops.InclusionInvalid)
	wantCode(t, "two zero values", (&log.Proof{}).VerifyUnder(&log.Checkpoint{}, nil), marketops.InclusionInvalid)
	l.Append([]byte("later"))
	wantCode(t, "another checkpoint", good.VerifyUnder(mustOpen(t, l), entry(5)), marketops.InclusionInvalid)
}

func TestVerifyInclusionIsBounded(t *testing.T) {
	root := log.LeafHash(nil)
	for _, size := range []uint64{0, 1 << 63, math.MaxUint64, log.MaxSize + 1} {
		err := log.VerifyInclusion(root, 0, nil, &log.Checkpoint{Origin: origin, Size: size, Root: root})
		wantCode(t, fmt.Sprint("size ", size), err, marketops.InclusionInvalid)
	}
	wantCode(t, "size 1", log.VerifyInclusion(root, 0, nil, &log.Checkpoint{Origin: origin, Size: 1, Root: root}), "")
	wantCode(t, "nil", log.VerifyInclusion(root, 0, nil, nil), marketops.InclusionInvalid)
}

func TestVerifyConsistency(t *testing.T) {
	l := filled(20)
	p := l.Policy()
	at := func(n uint64) *log.Checkpoint {
		cp, err := p.Open(l.CheckpointAt(n))
		if err != nil {
			t.Fatal(err)
		}
		return cp
	}
	proof, err := l.Tree().Consistency(at(7))
	if err != nil {
		t.Fatal(err)
	}
	fork := filled(6)
	for i := range 14 {
		fork.Append(fmt.Appendf(nil, "forked %d", i))
	}
	forked := mustOpen(t, fork)
	other := *at(7)
	other.Origin = "other.example.com"
	flip := append([]log.Hash(nil), proof...)
	flip[1][0] ^= 1
	badEmpty := &log.Checkpoint{Origin: origin, Root: log.LeafHash(nil)}
	for _, tc := range []struct {
		name     string
		old, new *log.Checkpoint
		hashes   []log.Hash
		code     marketops.Code
	}{
		{"control", at(7), at(20), proof, ""},
		{"the same", at(20), at(20), nil, ""},
		{"from nothing", at(0), at(20), nil, ""},
		{"both empty", at(0), at(0), nil, ""},
		{"split view", at(20), forked, nil, marketops.SplitView},
		{"rolled back", at(20), at(7), proof, marketops.LogRolledBack},
		{"rolled back to nothing", at(20), at(0), nil, marketops.LogRolledBack},
		{"forked below", at(7), forked, proof, marketops.ConsistencyInvalid},
		{"another origin", &other, at(20), proof, marketops.ConsistencyInvalid},
		{"no proof", at(7), at(20), nil, marketops.ConsistencyInvalid},
		{"short proof", at(7), at(20), proof[1:], marketops.ConsistencyInvalid},
		{"long proof", at(7), at(20), append(append([]log.Hash(nil), proof...), proof[0]), marketops.ConsistencyInvalid},
		{"hash flip", at(7), at(20), flip, marketops.ConsistencyInvalid},
		{"proof of another pair", at(8), at(20), proof, marketops.ConsistencyInvalid},
		{"hashes where none belong", at(20), at(20), proof, marketops.ConsistencyInvalid},
		{"empty log of another root", badEmpty, at(20), nil, marketops.ConsistencyInvalid},
		{"nothing old", nil, at(20), nil, marketops.ConsistencyInvalid},
		{"nothing new", at(7), nil, nil, marketops.ConsistencyInvalid},
		{"too many hashes", at(7), at(20), make([]log.Hash, log.MaxHashes+1), marketops.ConsistencyInvalid},
	} {
		wantCode(t, tc.name, log.VerifyConsistency(tc.old, tc.new, tc.hashes), tc.code)
	}
}

func TestProofFormatIsThatOfFormats(t *testing.T) {
	l := filled(300)
	l.Witnesses = witnesses(2)
	for _, i := range []uint64{0, 5, 255, 256, 299} {
		ours := l.Prove(i)
		theirs := fproof.TLogProof{Index: i, Checkpoint: ours.Checkpoint}
		for _, h := range ours.Hashes {
			theirs.Hashes = append(theirs.Hashes, h)
		}
		if !bytes.Equal(ours.Format(), theirs.Marshal()) {
			t.Fatalf("ours\n%s\ntheirs\n%s", ours.Format(), theirs.Marshal())
		}
		back, err := log.ParseProof(theirs.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Policy().VerifyProof(entry(i), back); err != nil {
			t.Error(err)
		}
	}
}

func TestParseProofRefuses(t *testing.T) {
	good := string(filled(13).Prove(5).Format())
	if _, err := log.ParseProof([]byte(good)); err != nil {
		t.Fatal(err)
	}
	hash := strings.Split(good, "\n")[2]
	for name, bad := range map[string]string{
		"nothing":              "",
		"another version":      strings.Replace(good, "@v1", "@v2", 1),
		"no index":             strings.Replace(good, "index 5\n", "", 1),
		"index spelt oddly":    strings.Replace(good, "index 5", "index 05", 1),
		"index with a sign":    strings.Replace(good, "index 5", "index +5", 1),
		"negative index":       strings.Replace(good, "index 5", "index -5", 1),
		"index beyond 2^40":    strings.Replace(good, "index 5", "index 1099511627777", 1),
		"index beyond 2^64":    strings.Replace(good, "index 5", "index 18446744073709551616", 1),
		"two spaces":           strings.Replace(good, "index 5", "index  5", 1),
		"extra data":           strings.Replace(good, "index 5", "extra YQ==\nindex 5", 1),
		"carriage returns":     strings.ReplaceAll(good, "\n", "\r\n"),
		"hash not base64":      strings.Replace(good, hash, strings.Repeat("!", 44), 1),
		"hash of 31 bytes":     strings.Replace(good, hash, base64.StdEncoding.EncodeToString(make([]byte, 31)), 1),
		"hash, trailing bits":  strings.Replace(good, hash, strings.Repeat("A", 42)+"B=", 1),
		"hash without padding": strings.Replace(good, hash, strings.TrimSuffix(hash, "="), 1),
		"65 hashes":            strings.Replace(good, hash, strings.Repeat(hash+"\n", 64)+hash, 1),
		"no blank line":        strings.Replace(good, "\n\n", "\n", 2),
		"header alone":         "c2sp.org/tlog-proof@v1\n\n",
		"too long":             good + strings.Repeat("x", log.MaxProof),
	} {
		_, err := log.ParseProof([]byte(bad))
		wantCode(t, name, err, marketops.InclusionInvalid)
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add(filled(13).Prove(5).Format())
	f.Add((&log.Proof{}).Format())
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra YQ==\nindex 0\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := log.ParseProof(b)
		if err != nil {
			wantCode(t, "proof", err, marketops.InclusionInvalid)
			return
		}
		if !bytes.Equal(p.Format(), b) {
			t.Fatalf("%q came back as %q", b, p.Format())
		}
		var ref fproof.TLogProof
		if bytes.ContainsRune(p.Checkpoint, '\r') || !bytes.HasSuffix(p.Checkpoint, []byte("\n")) {
			return // the reference reads the checkpoint in lines and repairs them
		}
		if err := ref.Unmarshal(b); err != nil || ref.Index != p.Index || len(ref.Hashes) != len(p.Hashes) || !bytes.Equal(ref.Marshal(), b) {
			t.Fatalf("%q: the reference says %+v, %v", b, ref, err)
		}
	})
}

func BenchmarkVerifyUnder(b *testing.B) {
	l := filled(4096)
	cp, pr := mustOpen(b, l), l.Prove(1234)
	leaf := entry(1234)
	for b.Loop() {
		if err := pr.VerifyUnder(cp, leaf); err != nil {
			b.Fatal(err)
		}
	}
}
