package fast

import (
	"bytes"
	"crypto/ed25519"
	"math/big"
	"slices"
	"testing"

	"filippo.io/edwards25519"
)

func pair(t testing.TB, seed byte) (ed25519.PrivateKey, *Key) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	k, err := New(private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return private, k
}

// TestVerify: what holds for the standard library holds, and no changed bit of it does.
func TestVerify(t *testing.T) {
	private, k := pair(t, 1)
	_, other := pair(t, 2)
	message := []byte("one bit of it")
	sig := ed25519.Sign(private, message)
	if !k.Verify(message, sig) || other.Verify(message, sig) || k.Verify(nil, sig) || k.Verify(message, sig[:63]) || k.Verify(message, append(sig, 0)) {
		t.Error("the signature of one key and one message is not that")
	}
	if (*Key)(nil).Verify(message, sig) {
		t.Error("no key verifies")
	}
	for i := range len(sig) * 8 {
		bad := slices.Clone(sig)
		bad[i/8] ^= 1 << (i % 8)
		if k.Verify(message, bad) {
			t.Errorf("bit %d does not matter", i)
		}
	}
}

func TestNewRefusesWhatIsNoPoint(t *testing.T) {
	for _, raw := range [][]byte{nil, make([]byte, 31), append([]byte{2}, make([]byte, 31)...)} {
		if k, err := New(raw); err == nil || k != nil {
			t.Errorf("%x is a key", raw)
		}
	}
}

var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

func scalar(t *testing.T, n *big.Int) *edwards25519.Scalar {
	b := new(big.Int).Mod(n, order).FillBytes(make([]byte, 32))
	slices.Reverse(b)
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMultiples holds the sum of digits to the library's own multiplication, at every digit's borders.
func TestMultiples(t *testing.T) {
	p := edwards25519.NewGeneratorPoint()
	p.ScalarBaseMult(scalar(t, big.NewInt(12345)))
	m := multiplesOf(p)
	numbers := []*big.Int{big.NewInt(0), new(big.Int).Sub(order, big.NewInt(1)), new(big.Int).Rsh(order, 1)}
	for shift := range uint(windows) {
		for _, digit := range []int64{1, half - 1, half, half + 1, 2*half - 1, 2 * half, half*2*half + half, (half+1)*2*half + half, 4*half*half - 1} {
			numbers = append(numbers, new(big.Int).Lsh(big.NewInt(digit), shift*width))
		}
	}
	for _, n := range numbers {
		s := scalar(t, n)
		sum := edwards25519.NewIdentityPoint()
		m.addTo(sum, s)
		if want := new(edwards25519.Point).ScalarMult(s, p); sum.Equal(want) != 1 {
			t.Errorf("%v times the point is another", n)
		}
	}
}

// FuzzVerify holds the verdict to the standard library's, for any key, message and signature.
func FuzzVerify(f *testing.F) {
	private, k := pair(f, 3)
	f.Add(k.raw, []byte("x"), ed25519.Sign(private, []byte("x")))
	f.Add(make([]byte, 32), []byte("x"), make([]byte, 64))
	f.Fuzz(func(t *testing.T, raw, message, sig []byte) {
		k, err := New(raw)
		if len(raw) != ed25519.PublicKeySize {
			return // the standard library panics
		}
		if want := ed25519.Verify(raw, message, sig); k.Verify(message, sig) != want || want && err != nil {
			t.Fatalf("%v, %v for key %x, message %x, signature %x", !want, err, raw, message, sig)
		}
	})
}

// BenchmarkVerify verifies a record's length here and by the standard library, in turns.
func BenchmarkVerify(b *testing.B) {
	private, k := pair(b, 1)
	public, message := private.Public().(ed25519.PublicKey), make([]byte, 1400)
	sig := ed25519.Sign(private, message)
	k.Verify(message, sig)
	for name, verify := range map[string]func() bool{
		"expanded": func() bool { return k.Verify(message, sig) },
		"standard": func() bool { return ed25519.Verify(public, message, sig) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if !verify() {
					b.Fatal("refused")
				}
			}
		})
	}
	b.Run("expand", func(b *testing.B) {
		for b.Loop() {
			if _, err := New(public); err != nil {
				b.Fatal(err)
			}
		}
	})
}
