package log_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	flog "github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// vkeyOf spells a verifier key over any bytes, valid or not, with the right key id.
func vkeyOf(name string, raw []byte) string {
	id := sha256.Sum256(append([]byte(name+"\n"), raw...))
	return name + "+" + hex.EncodeToString(id[:4]) + "+" + base64.StdEncoding.EncodeToString(raw)
}

// upperID spells the key id of some log key in upper case.
func upperID(t testing.TB) string {
	for n := range byte(50) {
		f := strings.SplitN(log.Vkey(origin, logtest.Key(n+1).Public()), "+", 3)
		if upper := strings.ToUpper(f[1]); upper != f[1] {
			return f[0] + "+" + upper + "+" + f[2]
		}
	}
	t.Fatal("no key id has a letter")
	return ""
}

func filled(n int) *logtest.Log {
	l := logtest.New(origin, logtest.Key(1))
	for i := range n {
		l.Append(fmt.Appendf(nil, "entry %d", i))
	}
	return l
}

func TestOpenAgreesWithFormats(t *testing.T) {
	l := filled(5)
	l.Witnesses = witnesses(2)
	raw := l.Checkpoint()
	cp, err := l.Policy().Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(l.Vkey())
	if err != nil {
		t.Fatal(err)
	}
	var others []note.Verifier
	for _, w := range l.Witnesses {
		o, err := fnote.NewVerifierForCosignatureV1(w.Vkey())
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, o)
	}
	want, _, n, err := flog.ParseCheckpoint(raw, origin, v, others...)
	if err != nil {
		t.Fatal(err)
	}
	if cp.Origin != want.Origin || cp.Size != want.Size || !bytes.Equal(cp.Root[:], want.Hash) || len(n.Sigs) != 3 {
		t.Errorf("%+v, the reference says %+v with %d signatures", cp, want, len(n.Sigs))
	}
	if !bytes.Equal(cp.Raw, raw) || cp.Text() != string(want.Marshal()) {
		t.Error("the bytes were not kept")
	}
	for i, s := range n.Sigs[1:] {
		at, err := fnote.CoSigV1Timestamp(s)
		if err != nil || marketops.TimeOf(at) != l.Witnesses[i].At {
			t.Errorf("witness %d signed at %v, %v", i, at, err)
		}
	}
}

// What the reference signs, we open; its clock is the real one.
func TestOpenTakesForeignSignatures(t *testing.T) {
	l := filled(3)
	seed := func(typ byte, name string, n byte) string {
		key := logtest.Key(n)
		pub := append([]byte{typ}, key.Public().Raw()...)
		id := sha256.Sum256(append([]byte(name+"\n"), pub...))
		return fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(append([]byte{typ}, key.Seed()...)))
	}
	s1, err1 := note.NewSigner(seed(1, origin, 1))
	s2, err2 := fnote.NewSignerForCosignatureV1(seed(4, "w1.example", 100))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	root := l.Root(3)
	raw, err := note.Sign(&note.Note{Text: string(flog.Checkpoint{Origin: origin, Size: 3, Hash: root[:]}.Marshal())}, s1, s2)
	if err != nil {
		t.Fatal(err)
	}
	l.Witnesses = witnesses(1)
	p := l.Policy()
	if cp, err := p.Open(raw); err != nil || cp.Size != 3 || cp.Root != root {
		t.Fatalf("%+v, %v", cp, err)
	}
	if at, ok := p.CosignedAt(raw); !ok || at < 1_700_000_000 {
		t.Errorf("cosigned at %v, %v", at, ok)
	}
}

func TestOpenRefuses(t *testing.T) {
	l := filled(5)
	l.Witnesses = witnesses(3)
	p, err := log.ParsePolicy(strings.Replace(l.PolicyText(), "all", "2", 1))
	if err != nil {
		t.Fatal(err)
	}
	good := string(l.Checkpoint())
	if _, err := p.Open([]byte(good)); err != nil {
		t.Fatal(err)
	}
	text := good[:strings.Index(good, "\n\n")+1]
	sigs := strings.SplitAfter(strings.TrimSuffix(good[len(text)+1:], "\n"), "\n")
	sigs[3] += "\n"
	join := func(text string, sigs ...string) string { return text + "\n" + strings.Join(sigs, "") }
	if join(text, sigs...) != good {
		t.Fatal("the test took the checkpoint apart wrongly")
	}
	unwitnessed := func(text string) string { l := *l; l.Witnesses = nil; return string(l.SignText(text)) }
	rogue := logtest.New(origin, logtest.Key(9))
	otherLog := logtest.New("other.example.com", logtest.Key(1))
	otherLog.Append([]byte("x"))
	late := logtest.Witness{Name: l.Witnesses[0].Name, Key: l.Witnesses[0].Key, At: 5000}
	zero := logtest.Witness{Name: l.Witnesses[0].Name, Key: l.Witnesses[0].Key, At: 0}
	forged := logtest.Witness{Name: l.Witnesses[0].Name, Key: logtest.Key(9), At: 1000}
	forgedLine := strings.Replace(forged.Line(text), forged.Line(text)[len("\u2014 w1.example "):][:5], sigs[1][len("\u2014 w1.example "):][:5], 1)
	edited := strings.Replace(text, "\n5\n", "\n6\n", 1)

	for _, tc := range []struct {
		name, raw string
		code      marketops.Code
	}{
		{"as many witnesses as needed", join(text, sigs[0], sigs[1], sigs[3]), ""},
		{"any order", join(text, sigs[3], sigs[0], sigs[1]), ""},
		{"one witness too few", join(text, sigs[0], sigs[1]), marketops.QuorumUnmet},
		{"no witness", join(text, sigs[0]), marketops.QuorumUnmet},
		{"the same witness twice", join(text, sigs[0], sigs[1], sigs[1]), marketops.CheckpointUnsigned},
		{"the same witness at two times", join(text, sigs[0], sigs[1], late.Line(text)), marketops.CheckpointUnsigned},
		{"a witness of another log's checkpoint", join(text, sigs[0], sigs[1], l.Witnesses[1].Line("other.example.com\n5\n"+strings.SplitAfter(text, "\n")[2])), marketops.CheckpointUnsigned},
		{"a witness of another size", join(text, sigs[0], sigs[1], l.Witnesses[1].Line(edited)), marketops.CheckpointUnsigned},
		{"a witness without a clock", join(text, sigs[0], zero.Line(text), sigs[2]), marketops.CheckpointUnsigned},
		{"a forged witness under the right key id", join(text, sigs[0], forgedLine, sigs[2], sigs[3]), marketops.CheckpointUnsigned},
		{"an unknown witness does not count", join(text, sigs[0], sigs[1], forged.Line(text)), marketops.QuorumUnmet},
		{"witnesses alone", join(text, sigs[1:]...), marketops.CheckpointUnsigned},
		{"a key of the right name only", join(text, append([]string{lastLine(rogue.SignText(text))}, sigs[1:]...)...), marketops.CheckpointUnsigned},
		{"another log with the same key", string(otherLog.Checkpoint()), marketops.CheckpointUnsigned},
		{"size edited", join(edited, sigs...), marketops.CheckpointUnsigned},
		{"root edited", join(strings.Replace(text, "\n5\n", "\n5\nA", 1), sigs...), marketops.CheckpointUnsigned},
		{"no signature", text + "\n", marketops.CheckpointUnsigned},
		{"empty", "", marketops.CheckpointUnsigned},
		{"not a note", "hello", marketops.CheckpointUnsigned},
		{"no newline at the end", strings.TrimSuffix(good, "\n"), marketops.CheckpointUnsigned},
		{"carriage returns", strings.ReplaceAll(good, "\n", "\r\n"), marketops.CheckpointUnsigned},
		{"bad UTF-8", strings.Replace(good, "log.example", "log\xff.example", 1), marketops.CheckpointUnsigned},
		{"size with a leading zero", unwitnessed(strings.Replace(text, "\n5\n", "\n05\n", 1)), marketops.CheckpointUnsigned},
		{"size with a sign", unwitnessed(strings.Replace(text, "\n5\n", "\n+5\n", 1)), marketops.CheckpointUnsigned},
		{"size 2^40+1", unwitnessed(strings.Replace(text, "\n5\n", "\n1099511627777\n", 1)), marketops.CheckpointUnsigned},
		{"size 2^63", unwitnessed(strings.Replace(text, "\n5\n", "\n9223372036854775808\n", 1)), marketops.CheckpointUnsigned},
		{"size 2^64", unwitnessed(strings.Replace(text, "\n5\n", "\n18446744073709551616\n", 1)), marketops.CheckpointUnsigned},
		{"size 0 with a root", unwitnessed(strings.Replace(text, "\n5\n", "\n0\n", 1)), marketops.CheckpointUnsigned},
		{"short root", unwitnessed(origin + "\n5\nAAAA\n"), marketops.CheckpointUnsigned},
		{"root with trailing bits", unwitnessed(origin + "\n5\n" + strings.Repeat("A", 42) + "B=\n"), marketops.CheckpointUnsigned},
		{"two lines", unwitnessed(origin + "\n5\n"), marketops.CheckpointUnsigned},
		{"empty origin", unwitnessed(strings.TrimPrefix(text, origin)), marketops.CheckpointUnsigned},
		{"origin with path", unwitnessed(strings.Replace(text, origin, origin+"/x", 1)), marketops.CheckpointUnsigned},
	} {
		_, err := p.Open([]byte(tc.raw))
		wantCode(t, tc.name, err, tc.code)
		if at, ok := p.CosignedAt([]byte(tc.raw)); ok != (tc.code == "") {
			t.Errorf("%s: cosigned at %v", tc.name, at)
		}
	}
}

func lastLine(note []byte) string {
	s := strings.TrimSuffix(string(note), "\n")
	return s[strings.LastIndex(s, "\n")+1:] + "\n"
}

func TestOpenIsBounded(t *testing.T) {
	l := filled(1)
	p := l.Policy()
	raw := l.Checkpoint()
	stranger := func(i int) string {
		return logtest.Witness{Name: fmt.Sprintf("s%d.example", i), Key: logtest.Key(200), At: 1}.Line("x")
	}
	for i := range log.MaxSignatures - 1 {
		raw = append(raw, stranger(i)...)
	}
	_, err := p.Open(raw)
	wantCode(t, "64 signatures", err, "")
	_, err = p.Open(append(raw, stranger(99)...))
	wantCode(t, "65 signatures", err, marketops.CheckpointUnsigned)
	_, err = p.Open(append(l.Checkpoint(), bytes.Repeat([]byte("x"), log.MaxCheckpoint)...))
	wantCode(t, "too long", err, marketops.CheckpointUnsigned)
}

func TestOpenEmptyLog(t *testing.T) {
	l := filled(0)
	cp, err := l.Policy().Open(l.Checkpoint())
	if err != nil || cp.Size != 0 || cp.Root != log.EmptyRoot() {
		t.Errorf("%+v, %v", cp, err)
	}
}

func TestOpenIgnoresExtensionLines(t *testing.T) {
	l := filled(2)
	cp, err := l.Policy().Open(l.SignText(string(mustOpen(t, l).Text()) + "extension\n"))
	if err != nil || cp.Size != 2 {
		t.Errorf("%+v, %v", cp, err)
	}
}

func TestZeroPolicyOpensNothing(t *testing.T) {
	l := filled(1)
	for _, p := range []*log.Policy{nil, {}} {
		_, err := p.Open(l.Checkpoint())
		wantCode(t, "zero policy", err, marketops.CheckpointUnsigned)
	}
}

func TestCosignedAtIsTheTimeOfTheQuorum(t *testing.T) {
	l := filled(1)
	l.Witnesses = witnesses(3) // at 1000, 1010 and 1020
	for quorum, want := range map[string]marketops.Time{"any": 1000, "2": 1010, "all": 1020} {
		p, err := log.ParsePolicy(strings.Replace(l.PolicyText(), "all", quorum, 1))
		if err != nil {
			t.Fatal(err)
		}
		if at, ok := p.CosignedAt(l.Checkpoint()); !ok || at != want {
			t.Errorf("%s: %d, %v; want %d", quorum, at, ok, want)
		}
	}
	nested := strings.Replace(l.PolicyText(), "group every all w1 w2 w3", "group two all w1 w3\ngroup every any two w2", 1)
	p, err := log.ParsePolicy(nested)
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := p.CosignedAt(l.Checkpoint()); !ok || at != 1010 {
		t.Errorf("nested: %d, %v; want 1010", at, ok)
	}
}

func mustOpen(t testing.TB, l *logtest.Log) *log.Checkpoint {
	t.Helper()
	cp, err := l.Policy().Open(l.Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	return cp
}

func FuzzOpen(f *testing.F) {
	l := filled(5)
	l.Witnesses = witnesses(2)
	p := l.Policy()
	good := l.Checkpoint()
	text := mustOpen(f, l).Text()
	f.Add(good)
	f.Add([]byte("a\n1\nAAAA\n\n\u2014 a AAAAAAAA\n"))
	v, err := note.NewVerifier(l.Vkey())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		cp, err := p.Open(raw)
		if cp, err := p.OpenUnwitnessed(raw); err == nil && cp.Text() != text {
			t.Fatalf("%q opens as %+v, which the log did not sign", raw, cp)
		}
		if cp, err := log.ParseUnverified(string(raw)); err == nil && !bytes.HasPrefix(raw, []byte(cp.Text())) {
			t.Fatalf("%q does not begin with its one spelling", raw)
		}
		if err != nil {
			if c := marketops.CodeOf(err); c != marketops.CheckpointUnsigned && c != marketops.QuorumUnmet {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		if cp.Text() != text {
			t.Fatalf("%q opens as %+v, which nobody signed", raw, cp)
		}
		if _, _, _, err := flog.ParseCheckpoint(raw, origin, v); err != nil {
			t.Fatalf("%q: the reference refuses: %v", raw, err)
		}
	})
}
