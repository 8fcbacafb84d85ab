// Package fast verifies many Ed25519 signatures of one key, each at less than half the price.
//
// It computes what the standard library computes, s·B − k·A, compares its encoding with R, and so
// gives the same verdict on every input: cofactorless, S below the order, R in its one spelling, the
// key as its bytes stand. Only the way to the two multiples differs: multiples of B and A are computed
// once, and then a signature takes 74 additions where it would take 256 doublings and some 80
// additions. All arithmetic on the curve and on scalars is filippo.io/edwards25519, of which the
// standard library holds a copy.
//
// It is no batch verification: every signature is judged by itself. Nothing here is secret, and
// nothing runs in constant time.
package fast

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"sync"

	"filippo.io/edwards25519"
)

// Key is an Ed25519 public key with the multiples that verifying needs, 380 kB. A nil key verifies
// nothing.
type Key struct {
	raw   []byte
	minus *multiples // of −A
}

// New computes the multiples of a key; that takes as long as ten verifications. It takes every
// encoding that the standard library takes, those of weak keys among them: the caller refuses these.
func New(raw []byte) (*Key, error) {
	a, err := new(edwards25519.Point).SetBytes(raw)
	if err != nil {
		return nil, err
	}
	return &Key{bytes.Clone(raw), multiplesOf(a.Negate(a))}, nil
}

var ofBase = sync.OnceValue(func() *multiples { return multiplesOf(edwards25519.NewGeneratorPoint()) })

// Verify reports what [ed25519.Verify] reports of the same key, message and signature.
func (k *Key) Verify(message, sig []byte) bool {
	if k == nil || len(sig) != ed25519.SignatureSize {
		return false
	}
	r := sig[:32]
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(sig[32:])
	if err != nil {
		return false
	}
	sum := edwards25519.NewIdentityPoint()
	ofBase().addTo(sum, s)
	k.minus.addTo(sum, challenge(r, k.raw, message))
	return bytes.Equal(sum.Bytes(), r)
}

// challenge returns SHA-512(R ‖ A ‖ message) modulo the order.
func challenge(r, a, message []byte) *edwards25519.Scalar {
	h := sha512.New()
	h.Write(r)
	h.Write(a)
	h.Write(message)
	k, err := new(edwards25519.Scalar).SetUniformBytes(h.Sum(nil))
	if err != nil {
		panic("expanded: " + err.Error()) // SHA-512 has the 64 bytes that are asked for
	}
	return k
}

// A scalar is below 2^253 and has 37 digits of 7 bits.
const (
	width   = 7
	windows = 37
	half    = 1 << (width - 1)
)

// multiples of a point P: at [i][j] stands (j+1)·128^i·P.
type multiples [windows][half]edwards25519.Point

func multiplesOf(p *edwards25519.Point) *multiples {
	m, unit := new(multiples), new(edwards25519.Point).Set(p)
	for i := range m {
		m[i][0].Set(unit)
		for j := 1; j < half; j++ {
			m[i][j].Add(&m[i][j-1], unit)
		}
		unit.Add(&m[i][half-1], &m[i][half-1])
	}
	return m
}

// addTo adds s·P to sum.
func (m *multiples) addTo(sum *edwards25519.Point, s *edwards25519.Scalar) {
	for i, d := range digits(s.Bytes()) {
		switch {
		case d > 0:
			sum.Add(sum, &m[i][d-1])
		case d < 0:
			sum.Subtract(sum, &m[i][-d-1])
		}
	}
}

// digits returns a little-endian number below 2^253 as the sum of d[i]·128^i, each d from −63 to 64.
func digits(b []byte) (d [windows]int) {
	carry := 0
	for i := range d {
		v := window(b, i*width) + carry
		if carry = 0; v > half {
			v, carry = v-2*half, 1
		}
		d[i] = v
	}
	return d
}

// window returns the bits from place at on.
func window(b []byte, at int) int {
	v := int(b[at/8]) >> (at % 8)
	if at/8+1 < len(b) {
		v |= int(b[at/8+1]) << (8 - at%8)
	}
	return v & (2*half - 1)
}
