package verifier_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/pack"
)

// odd are values that a signer may put anywhere.
var odd = []any{nil, "", 0, -1, 1 << 40, []any{}, "sha256:" + zeroHex}

const zeroHex = "0000000000000000000000000000000000000000000000000000000000000000"

// TestOddRecordsBySigners lets each signer of a life sign, and log, its record with every value in it
// exchanged for every odd one, and with each member left out, or a sample of these. The holder of a key writes what they like:
// nothing may bring down a verifier, and only who signs last changes nothing that others rest on.
func TestOddRecordsBySigners(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"published and closed", "unknown and resolved", "rejected by the ledger after a revocation"} {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			logworld.Stories[name](w)
			if !verifier.Verify(w.Pack(), w.Trust(), w.Now+100).Verified() {
				t.Fatal("control")
			}
			tried := 0
			for n, e := range w.Entries { // one of each kind and signer
				kind := string(e.Record.Body.Kind()) + string(e.Record.By)
				if !seen[kind] {
					tried += bendOne(t, w, n)
				}
				seen[kind] = true
			}
			if tried < 100 {
				t.Errorf("only %d records were tried", tried)
			}
		})
	}
}

var signers = []*crypto.PrivateKey{logworld.Bob, logworld.Alice, logworld.Carol, logworld.Dave, logworld.Authority, logworld.Publisher, logworld.Other, logworld.Ledger}

func keyOf(t *testing.T, id crypto.KeyID) *crypto.PrivateKey {
	t.Helper()
	for _, k := range signers {
		if k.Public().ID() == id {
			return k
		}
	}
	t.Fatal("nobody signs as", id)
	return nil
}

// bendOne judges the life with record n in odd forms, and returns how many there are.
func bendOne(t *testing.T, w *logworld.World, n int) int {
	rec := w.Entries[n].Record
	by, trust, base := keyOf(t, rec.By), w.Trust(), w.Pack()
	forms := oddForms(t, rec.Opened.Payload)
	for _, f := range exhaustive.Sample(t, len(forms)/3, forms) {
		judgeOdd(t, w, *base, trust, n, f.payload, by, fmt.Sprintf("%s %d, %s", rec.Body.Kind(), n, f.name))
	}
	return len(forms)
}

type oddForm struct {
	name    string
	payload []byte
}

// oddForms are a payload with each of its values exchanged for each odd one, and with each member left out.
func oddForms(t *testing.T, good []byte) (out []oddForm) {
	for spot := 0; ; spot++ {
		for i := range len(odd) + 1 {
			var v any
			if err := json.Unmarshal(good, &v); err != nil {
				t.Fatal(err)
			}
			left := spot
			if !exchange(v, &left, i) {
				return out
			}
			payload, err := canon.Encode(v)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(payload, good) {
				out = append(out, oddForm{fmt.Sprintf("value %d, form %d", spot, i), payload})
			}
		}
	}
}

// exchange replaces the value at a spot, counted depth first, or removes it; false if there is none.
func exchange(v any, left *int, form int) bool {
	put := func(set func(any), remove func()) bool {
		if *left--; *left >= 0 {
			return false
		}
		if form < len(odd) {
			set(odd[form])
		} else {
			remove()
		}
		return true
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if put(func(x any) { v[k] = x }, func() { delete(v, k) }) || exchange(v[k], left, form) {
				return true
			}
		}
	case []any:
		for i := range v {
			if put(func(x any) { v[i] = x }, func() { v[i] = v[0] }) || exchange(v[i], left, form) {
				return true
			}
		}
	}
	return false
}

// judgeOdd logs the life again with another record n, and has it judged as a pack and as a log.
func judgeOdd(t *testing.T, w *logworld.World, p pack.Pack, trust *trust.Trust, n int, payload []byte, by *crypto.PrivateKey, what string) {
	t.Helper()
	env, err := crypto.Sign(receipt.PayloadType, payload, by)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := crypto.NewKeyring(by.Public())
	if err != nil {
		t.Fatal(err)
	}
	o, err := crypto.Open(env, receipt.PayloadType, ring)
	if err != nil {
		t.Fatal(err)
	}
	l := logtest.New(logworld.Origin, logworld.LogKey)
	store := logworld.Store{}
	p.Records, p.Proofs = map[log.Hash][]byte{}, map[log.Hash][]byte{}
	leaves := [][]byte{}
	for i, e := range w.Entries {
		leaf, envelope := e.Record.Leaf(), e.Record.Envelope
		if i == n {
			leaf, envelope = log.Leaf(o), env
		}
		l.Append(leaf)
		leaves = append(leaves, leaf)
		h := log.LeafHash(leaf)
		p.Records[h], store[log.RecordPath(h)] = envelope, envelope
	}
	tree := l.Tree()
	for i, leaf := range leaves {
		proof, err := tree.Inclusion(uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		p.Proofs[log.LeafHash(leaf)] = proof.Format()
	}
	p.Checkpoint = tree.Checkpoint().Raw
	for _, r := range []*verifier.Report{
		verifier.Verify(&p, trust, w.Now+100),
		audit.Audit(l, store, trust, audit.Options{Document: w.Documents(), Plan: w.Plans()}),
	} {
		if r.Verdict == "" {
			t.Errorf("%s: no verdict", what)
		}
		if r.Verified() && n < len(w.Entries)-1 && r.Kind == verifier.OfPack {
			t.Errorf("%s: verified", what)
		}
	}
}
