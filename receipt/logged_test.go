package receipt_test

import (
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/receipt"
)

// TestLoggedIsVerified: a record is taken as opened only if the library opened it under these very keys.
// However else it was opened, its envelope is verified.
func TestLoggedIsVerified(t *testing.T) {
	ring := func(seed byte) *crypto.Keyring {
		r, err := crypto.NewKeyring(logtest.Key(seed).Public())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	known, other := ring(sample.KeyStranger), ring(sample.KeyBob)
	env := sample.Seal(t, sample.Bodies()[receipt.KindReceipt], sample.KeyStranger).Envelope
	rec, err := receipt.Open(env, known)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := rec.Logged(nil).Open(known); err != nil || again != rec {
		t.Error("control: it is opened twice:", err)
	}
	if _, err := rec.Logged(nil).Open(other); marketops.CodeOf(err) != marketops.KeyUnknown {
		t.Error("under other keys:", err)
	}
	changed := rec.Logged(nil)
	changed.Envelope = append([]byte(" "), env...)
	if again, err := changed.Open(known); err != nil || again == rec {
		t.Error("another envelope:", err)
	}
	liar := crypto.Opener{Verify: func(crypto.PublicKey, []byte, []byte) bool { return true }}
	forged, err := receipt.OpenWith(liar, env, other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := forged.Logged(nil).Open(other); marketops.CodeOf(err) != marketops.KeyUnknown {
		t.Error("a record that a liar opened is taken:", err)
	}
}
