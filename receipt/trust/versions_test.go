package trust_test

import (
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// chain is versions of a trust file, the first one first, each an hour after the one before.
type chain []trust.File

func newChain(n int) chain {
	f := sample.NewTrust(sample.NewLog())
	f.Version, f.Previous, f.Effective = 1, marketops.Digest{}, sample.Noon
	out := chain{f}
	for len(out) < n {
		f.Version++
		f.Effective += sample.Hour
		out = append(out, f)
	}
	return out
}

// texts links the versions by their digests.
func (c chain) texts(t *testing.T) (out [][]byte) {
	t.Helper()
	for i, f := range c {
		if i > 0 {
			f.Previous = marketops.DigestOf(out[i-1])
		}
		out = append(out, sample.TrustText(t, f))
	}
	return out
}

// join gives the newest version those of the others that are at hand.
func join(t *testing.T, texts [][]byte, atHand ...int) (*trust.Trust, error) {
	t.Helper()
	newest, err := trust.Parse(texts[len(texts)-1])
	if err != nil {
		t.Fatal(err)
	}
	return newest.With(func(d marketops.Digest) []byte {
		for _, i := range atHand {
			if marketops.DigestOf(texts[i]) == d {
				return texts[i]
			}
		}
		return nil
	})
}

func refTo(t *testing.T, text []byte) receipt.TrustRef {
	t.Helper()
	tr, err := trust.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return tr.Ref()
}

func TestVersions(t *testing.T) {
	texts := newChain(4).texts(t)
	whole, err := join(t, texts, 0, 1, 2)
	if err != nil || len(whole.Versions()) != 4 || whole.Newest().Version() != 4 {
		t.Fatalf("%v: %d versions", err, len(whole.Versions()))
	}
	if again, err := whole.With(func(marketops.Digest) []byte { return nil }); err != nil || len(again.Versions()) != 4 {
		t.Error("joined again, the versions are lost:", err)
	}
	for i, text := range texts {
		v, err := whole.Named(refTo(t, text))
		if err != nil || v.Version() != int64(i+1) || v.Newest().Version() != 4 {
			t.Errorf("version %d: %v", i+1, err)
		}
	}
	if first, err := whole.First(); err != nil || first.Version() != 1 {
		t.Error("the first version:", err)
	}
	gap, err := join(t, texts, 0, 2)
	if err != nil || len(gap.Versions()) != 2 {
		t.Fatalf("%v: a version is missing, and %d are there", err, len(gap.Versions()))
	}
	for name, c := range map[string]struct {
		of   *trust.Trust
		ref  receipt.TrustRef
		code marketops.Code
	}{
		"behind a gap":            {gap, refTo(t, texts[0]), marketops.TrustUnavailable},
		"a newer one":             {gap, receipt.TrustRef{Version: 5, Digest: sample.Digest("next")}, marketops.TrustUnavailable},
		"another of its number":   {whole, receipt.TrustRef{Version: 3, Digest: sample.Digest("other")}, marketops.TrustRolledBack},
		"another of first number": {whole, receipt.TrustRef{Version: 1, Digest: sample.Digest("other")}, marketops.TrustRolledBack},
		"digest of another":       {whole, receipt.TrustRef{Version: 3, Digest: refTo(t, texts[1]).Digest}, marketops.TrustRolledBack},
		"zero":                    {whole, receipt.TrustRef{}, marketops.TrustUnavailable},
	} {
		if v, err := c.of.Named(c.ref); v != nil || marketops.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if _, err := gap.First(); marketops.CodeOf(err) != marketops.TrustUnavailable {
		t.Error("the first version behind a gap:", err)
	}
}

// TestBrokenChains: what is no version before is an error, and never silently left out.
func TestBrokenChains(t *testing.T) {
	for name, bend := range map[string]func(c chain){
		"the same number":         func(c chain) { c[1].Version = 3 },
		"a higher number":         func(c chain) { c[1].Version = 9 },
		"effective after the one": func(c chain) { c[1].Effective = c[2].Effective + 1 },
	} {
		c := newChain(3)
		bend(c)
		if tr, err := join(t, c.texts(t), 0, 1); tr != nil || marketops.CodeOf(err) != marketops.TrustMissing {
			t.Errorf("%s: %v", name, err)
		}
	}
	texts, strange := newChain(2).texts(t), newChain(1)
	strange[0].MaxLifetime--
	newest, _ := trust.Parse(texts[1])
	for name, given := range map[string][]byte{"another file": strange.texts(t)[0], "itself": texts[1], "no trust file": []byte("{}")} {
		if tr, err := newest.With(func(marketops.Digest) []byte { return given }); tr != nil || marketops.CodeOf(err) != marketops.TrustMissing {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := newChain(3)
	c[2].Version = 7
	if tr, err := join(t, c.texts(t), 0, 1); err != nil || len(tr.Versions()) != 3 {
		t.Error("a number that is left out is no error:", err)
	}
}

// TestNewestRevokes: which keys are revoked the newest version says that lists them; all else each version says
// for itself.
func TestNewestRevokes(t *testing.T) {
	c := newChain(3)
	from := []log.Position{{Origin: "log.example", Index: 7}}
	c[0].Persons[1].Keys[0].NotAfter = sample.Noon + 60
	c[1].Persons = append([]trust.Person{}, c[1].Persons...)
	c[1].Persons[1] = sample.Person("alice", []string{"release"}, sample.KeyAlice, sample.KeyAlicePhone)
	c[1].Persons[2].Keys = []trust.Key{sample.TrustKey(sample.KeyBob, "bob-1")}
	c[1].Persons[2].Keys[0].RevokedFrom = from
	c[2].Persons = append([]trust.Person{}, c[1].Persons...)
	c[2].Persons[1].Keys = append([]trust.Key{}, c[1].Persons[1].Keys...)
	c[2].Persons[1].Keys[0].RevokedFrom = from
	c[2].Persons[2] = sample.Person("dora", []string{"release"}, 60)
	whole, err := join(t, c.texts(t), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := whole.First()
	at := func(i uint64) *log.Position { return &log.Position{Origin: "log.example", Index: i} }
	for _, k := range []struct {
		name string
		key  byte
		now  marketops.Time
		pos  *log.Position
		want marketops.Code
	}{
		{"below the revocation of the newest", sample.KeyAlice, sample.Noon, at(6), ""},
		{"above it", sample.KeyAlice, sample.Noon, at(7), marketops.KeyRevoked},
		{"after the end that its own version gives", sample.KeyAlice, sample.Noon + 60, at(6), marketops.KeyOutsideValidity},
		{"revoked in the middle, and gone since", sample.KeyBob, sample.Noon, at(7), marketops.KeyRevoked},
		{"the same below", sample.KeyBob, sample.Noon, at(6), ""},
		{"listed only since", 60, sample.Noon, at(6), marketops.KeyUnknown},
	} {
		if _, _, err := first.Open(sample.Seal(t, sample.Bodies()["approval"], k.key).Envelope, k.now, k.pos); marketops.CodeOf(err) != k.want {
			t.Errorf("%s: %v, want %q", k.name, err, k.want)
		}
	}
	if whole.Listing(sample.ID(sample.KeyBob)).Version() != 2 || whole.Listing(sample.ID(sample.KeyStranger)) != nil {
		t.Error("the newest version that lists a key is not found")
	}
}

func TestRequireInForce(t *testing.T) {
	whole, err := join(t, newChain(2).texts(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := whole.First()
	due := sample.Noon + sample.Hour + trust.AdoptWithin
	if err := first.RequireInForce(due); err != nil {
		t.Error("10 minutes after the next is effective:", err)
	}
	if err := first.RequireInForce(due + 1); marketops.CodeOf(err) != marketops.TrustRolledBack {
		t.Error("a second later:", err)
	}
	if err := whole.RequireInForce(1 << 40); err != nil {
		t.Error("the newest:", err)
	}
}

func TestCourse(t *testing.T) {
	texts := newChain(4).texts(t)
	whole, err := join(t, texts, 0, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	c := trust.NewCourse(whole)
	adopt := func(version int, index uint64) {
		c.Adopt(&receipt.TrustAdopted{Trust: refTo(t, texts[version-1])}, index)
	}
	version := func(v *trust.Trust, err error) int64 {
		if err != nil {
			t.Fatal(err)
		}
		return v.Version()
	}
	if version(c.Law(nil)) != 1 {
		t.Error("a log does not begin under version 1")
	}
	if version(c.Law(&receipt.TrustAdopted{Trust: refTo(t, texts[2])})) != 3 || version(c.Law(nil)) != 1 {
		t.Error("a record that takes a version into force is not judged by it, or took it into force by being asked about")
	}
	adopt(2, 5)
	adopt(4, 9)
	adopt(2, 11) // a copy that a crash left, or a lie
	c.Adopt(&receipt.Claim{}, 12)
	for index, want := range map[uint64]int64{0: 1, 4: 1, 5: 2, 8: 2, 9: 4, 10: 4, 11: 4, 1 << 40: 4} {
		if got := version(c.At(index)); got != want {
			t.Errorf("version %d at %d, want %d", got, index, want)
		}
	}
	if again := trust.NewCourse(whole, c.Steps()...); version(again.Law(nil)) != 4 || version(again.At(6)) != 2 {
		t.Error("the steps do not make the course again")
	}
	genesis := trust.NewCourse(whole)
	genesis.Adopt(&receipt.ShardGenesis{Trust: refTo(t, texts[2])}, 0)
	if version(genesis.Law(nil)) != 3 {
		t.Error("a log that continues another does not begin under its version")
	}
	alone, _ := trust.Parse(texts[3])
	if _, err := trust.NewCourse(alone).Law(nil); marketops.CodeOf(err) != marketops.TrustUnavailable {
		t.Error("without the first version:", err)
	}
}
