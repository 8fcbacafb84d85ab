package log_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	fnote "github.com/transparency-dev/formats/note"
	fwitness "github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
)

const origin = "log.example.com"

func witnesses(n int) []logtest.Witness {
	var ws []logtest.Witness
	for i := range n {
		ws = append(ws, logtest.Witness{Name: fmt.Sprintf("w%d.example", i+1), Key: logtest.Key(byte(100 + i)), At: marketops.Time(1000 + 10*i)})
	}
	return ws
}

func TestVkeysAreThoseOfTheReference(t *testing.T) {
	key := logtest.Key(1)
	if want, err := note.NewEd25519VerifierKey(origin, key.Public().Raw()); err != nil || log.Vkey(origin, key.Public()) != want {
		t.Errorf("log vkey %s, want %s, %v", log.Vkey(origin, key.Public()), want, err)
	}
	want, err := fnote.VKeyToCosignatureV1(log.Vkey("w1.example", key.Public()))
	if got := log.WitnessVkey("w1.example", key.Public()); err != nil || got != want {
		t.Errorf("witness vkey %s, want %s, %v", got, want, err)
	}
	v, err := note.NewVerifier(log.Vkey(origin, key.Public()))
	if err != nil {
		t.Fatal(err)
	}
	if id := log.LogID(origin, key.Public()); fmt.Sprintf("%x", id[:4]) != fmt.Sprintf("%08x", v.KeyHash()) {
		t.Errorf("log id %s does not begin with key hash %08x", id, v.KeyHash())
	}
}

func TestParsePolicy(t *testing.T) {
	l := logtest.New(origin, logtest.Key(1))
	ws := witnesses(4)
	w := func(i int) string { return fmt.Sprintf("witness w%d %s https://w%d.example/\n", i, ws[i-1].Vkey(), i) }
	p, err := log.ParsePolicy("# all of it\n\n \tlog\t" + l.Vkey() + "  https://log.example.com/ \n" +
		"log " + log.Vkey("log2.example.com", logtest.Key(2).Public()) + "\n" +
		w(1) + w(2) + w(3) + w(4) + "group a any w1 w2\n group b 2 a w3 w4\nquorum b\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Logs(); len(got) != 2 || got[0].Name != origin || got[0].Vkey != l.Vkey() || got[0].Key != l.Key.Public() || got[0].URL != "https://log.example.com/" || got[1].URL != "" {
		t.Errorf("logs %+v", got)
	}
	if got := p.Witnesses(); len(got) != 4 || got[2].Name != "w3.example" || got[2].Vkey != ws[2].Vkey() {
		t.Errorf("witnesses %+v", got)
	}
	if p.Quorum() != "2 of (1 of 2, w3, w4)" || !p.Witnessed() {
		t.Errorf("quorum %q", p.Quorum())
	}
	for text, want := range map[string]string{"quorum none": "none", w(1) + "quorum w1": "1 of 1", w(1) + w(2) + w(3) + "group g 2 w1 w2 w3\nquorum g": "2 of 3", w(1) + w(2) + "group g all w1 w2\nquorum g": "2 of 2"} {
		p, err := log.ParsePolicy("log " + l.Vkey() + "\n" + text)
		if err != nil || p.Quorum() != want {
			t.Errorf("%q: %v, want quorum %q", text, err, want)
		}
	}
}

func TestParsePolicyRefuses(t *testing.T) {
	l := logtest.New(origin, logtest.Key(1))
	ws := witnesses(3)
	logLine := "log " + l.Vkey() + "\n"
	w := func(i int) string { return fmt.Sprintf("witness w%d %s\n", i, ws[i-1].Vkey()) }
	control := logLine + w(1) + w(2) + "group g any w1 w2\nquorum g\n"
	if _, err := log.ParsePolicy(control); err != nil {
		t.Fatal(err)
	}
	weak := func(typ byte, name string) string {
		// A key whose point has order 1, under a correct key id.
		raw := append([]byte{typ, 1}, make([]byte, 31)...)
		return vkeyOf(name, raw)
	}
	for name, bad := range map[string]string{
		"nothing":                  "",
		"no quorum":                logLine,
		"no log":                   w(1) + "quorum w1\n",
		"unknown word":             control + "logs x\n",
		"case":                     strings.Replace(control, "log ", "Log ", 1),
		"comment behind":           strings.Replace(control, "quorum g", "quorum g # all", 1),
		"carriage return":          strings.ReplaceAll(control, "\n", "\r\n"),
		"NUL":                      control + "# \x00\n",
		"other white space":        strings.Replace(control, "quorum g", "quorum\u00a0g", 1),
		"two quorums":              control + "quorum g\n",
		"two quorums, none first":  logLine + "quorum none\nquorum none\n",
		"quorum before definition": logLine + "quorum w1\n" + w(1),
		"unknown quorum":           logLine + "quorum g\n",
		"unknown member":           logLine + w(1) + "group g any w1 w2\nquorum g\n",
		"group of itself":          logLine + w(1) + "group g any w1 g\nquorum g\n",
		"threshold zero":           logLine + w(1) + "group g 0 w1\nquorum g\n",
		"threshold beyond":         logLine + w(1) + "group g 2 w1\nquorum g\n",
		"threshold spelling":       logLine + w(1) + "group g 01 w1\nquorum g\n",
		"threshold negative":       logLine + w(1) + "group g -1 w1\nquorum g\n",
		"empty group":              logLine + w(1) + "group g any\nquorum g\n",
		"member twice":             logLine + w(1) + "group g 2 w1 w1\nquorum g\n",
		"member of two groups":     logLine + w(1) + w(2) + "group a any w1\ngroup b 2 a w1\nquorum b\n",
		"name twice":               logLine + w(1) + strings.Replace(w(2), "w2", "w1", 1) + "quorum w1\n",
		"group named as a witness": logLine + w(1) + "group w1 any w1\nquorum w1\n",
		"reserved name":            logLine + strings.Replace(w(1), "w1", "none", 1) + "quorum none\n",
		"one witness key twice":    logLine + w(1) + "witness w2 " + log.WitnessVkey("other.example", ws[0].Key.Public()) + "\ngroup g 2 w1 w2\nquorum g\n",
		"log twice":                logLine + logLine + "quorum none\n",
		"log key twice":            logLine + "log " + log.Vkey("log2.example.com", l.Key.Public()) + "\nquorum none\n",
		"log is its own witness":   logLine + "witness w1 " + log.WitnessVkey(origin, l.Key.Public()) + "\nquorum w1\n",
		"log key for a witness":    logLine + "witness w1 " + log.Vkey("w1.example", ws[0].Key.Public()) + "\nquorum w1\n",
		"witness key for a log":    "log " + log.WitnessVkey(origin, l.Key.Public()) + "\nquorum none\n",
		"wrong key id":             strings.Replace(logLine, "+", "+0", 1) + "quorum none\n",
		"key id of another name":   strings.Replace(logLine, "log.example.com", "log.example.org", 1) + "quorum none\n",
		"upper-case key id":        "log " + upperID(t) + "\nquorum none\n",
		"short key":                "log " + vkeyOf(origin, append([]byte{1}, make([]byte, 31)...)) + "\nquorum none\n",
		"small-order log key":      "log " + weak(1, origin) + "\nquorum none\n",
		"small-order witness key":  logLine + "witness w1 " + weak(4, "w1.example") + "\nquorum w1\n",
		"ML-DSA log key":           "log " + vkeyOf(origin, append([]byte{6}, make([]byte, 1312)...)) + "\nquorum none\n",
		"origin with path":         "log " + log.Vkey("log.example.com/2026", l.Key.Public()) + "\nquorum none\n",
		"origin with port":         "log " + log.Vkey("log.example.com:8443", l.Key.Public()) + "\nquorum none\n",
		"origin with scheme":       "log " + log.Vkey("https://log.example.com", l.Key.Public()) + "\nquorum none\n",
		"origin like Rekor v1":     "log " + log.Vkey("log.example.com - 12", l.Key.Public()) + "\nquorum none\n",
		"origin with empty label":  "log " + log.Vkey("log..example", l.Key.Public()) + "\nquorum none\n",
		"origin of other letters":  "log " + log.Vkey("lóg.example", l.Key.Public()) + "\nquorum none\n",
		"origin too long":          "log " + log.Vkey(strings.Repeat("a.", 127)+"a", l.Key.Public()) + "\nquorum none\n",
		"URL of another scheme":    "log " + l.Vkey() + " file:///etc/passwd\nquorum none\n",
		"a word too many":          "log " + l.Vkey() + " https://x https://y\nquorum none\n",
		"too long":                 control + strings.Repeat("#"+strings.Repeat("x", 1023)+"\n", 256),
		"quorum with two names":    logLine + w(1) + w(2) + "quorum w1 w2\n",
		"witness without a key":    logLine + "witness w1\nquorum none\n",
		"witness without anything": logLine + "witness\nquorum none\n",
		"log without a key":        "log\nquorum none\n",
		"group without anything":   logLine + "group\nquorum none\n",
	} {
		p, err := log.ParsePolicy(bad)
		wantCode(t, name, err, marketops.ConfigInvalid)
		if p != nil {
			t.Errorf("%s: a policy came with the error", name)
		}
	}
	_, err := log.ParsePolicy("log " + weak(1, origin) + "\nquorum none\n")
	if !errors.Is(err, crypto.ErrWeakKey) {
		t.Errorf("a weak key is refused for %v", err)
	}
	_, err = log.ParsePolicy(logLine + "\nquorum all of them")
	if err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("%v names no line", err)
	}
}

func TestPolicyAllowsTwoKeysOfOneOrigin(t *testing.T) {
	old, fresh := logtest.New(origin, logtest.Key(1)), logtest.New(origin, logtest.Key(2))
	p, err := log.ParsePolicy("log " + old.Vkey() + "\nlog " + fresh.Vkey() + "\nquorum none\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*logtest.Log{old, fresh} {
		_, err := p.Open(l.Checkpoint())
		wantCode(t, "either key", err, "")
	}
	_, err = p.Open(logtest.New(origin, logtest.Key(3)).Checkpoint())
	wantCode(t, "a third key", err, marketops.CheckpointUnsigned)
}

// The reference implementation must find the same quorum where both accept a policy.
func TestQuorumAgreesWithFormats(t *testing.T) {
	l := logtest.New(origin, logtest.Key(1))
	l.Append([]byte("x"))
	ws := witnesses(5)
	text := "log " + l.Vkey() + "\n"
	for i, w := range ws {
		text += fmt.Sprintf("witness w%d %s https://w%d.example/\n", i+1, w.Vkey(), i+1)
	}
	for _, groups := range []string{
		"quorum none\n", "quorum w2\n", "group g any w1 w2\nquorum g\n", "group g 2 w1 w2 w3\nquorum g\n",
		"group a 2 w1 w2 w3\ngroup b any w4 w5\ngroup c all a b\nquorum c\n",
		"group a all w1 w2\ngroup b 1 a w3\nquorum b\n",
	} {
		ours, err1 := log.ParsePolicy(text + groups)
		theirs, err2 := fwitness.ParsePolicy([]byte(text + groups))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		for set := range 1 << len(ws) {
			l.Witnesses = nil
			for i, w := range ws {
				if set>>i&1 == 1 {
					l.Witnesses = append(l.Witnesses, w)
				}
			}
			raw := l.Checkpoint()
			_, err := ours.Open(raw)
			if want := theirs.Satisfied(raw); (err == nil) != want {
				t.Errorf("%q, witnesses %05b: %v, the reference says %v", groups, set, err, want)
			}
			if err != nil {
				wantCode(t, groups, err, marketops.QuorumUnmet)
			}
			if _, ok := ours.CosignedAt(raw); ok != (err == nil && groups != "quorum none\n") {
				t.Errorf("%q, witnesses %05b: CosignedAt %v", groups, set, ok)
			}
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	l := logtest.New(origin, logtest.Key(1))
	l.Witnesses = witnesses(2)
	f.Add(l.PolicyText())
	f.Add("log x\nquorum none\n")
	f.Add("# \xff\n\tgroup a all b\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := log.ParsePolicy(text)
		if err != nil {
			wantCode(t, "policy", err, marketops.ConfigInvalid)
			return
		}
		if len(p.Logs()) == 0 || p.Quorum() == "" || (p.Quorum() == "none") == p.Witnessed() {
			t.Fatalf("%q: %+v", text, p)
		}
		for _, party := range append(p.Logs(), p.Witnesses()...) {
			if same, err := log.ParseVkey(party.Vkey); err == nil && (same.Key != party.Key || same.Name != party.Name) {
				t.Fatalf("%+v is read as %+v", party, same)
			}
			if party.Key.IsZero() || !strings.Contains(text, party.Vkey) {
				t.Fatalf("%q: %+v", text, party)
			}
		}
	})
}
