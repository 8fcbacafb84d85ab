package log_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
)

// TestCosign writes the line that the reference witness of the tests writes, and none that no policy would
// count.
func TestCosign(t *testing.T) {
	w := witnesses(1)[0]
	text := mustOpen(t, filled(3)).Text() + "extension\n"
	got, err := log.Cosign(w.Key, w.Name, w.At, text)
	if err != nil || got != w.Line(text) {
		t.Errorf("%q, %v, want %q", got, err, w.Line(text))
	}
	for _, at := range []marketops.Time{0, -1, 253402300800} {
		if line, err := log.Cosign(w.Key, w.Name, at, text); err == nil || line != "" {
			t.Errorf("signed at %d: %q", at, line)
		}
	}
	for _, name := range []string{"", "w 1", "w+1", "w\n1", strings.Repeat("w", 254)} {
		if line, err := log.Cosign(w.Key, name, w.At, text); err == nil || line != "" {
			t.Errorf("signed as %q: %q", name, line)
		}
	}
}

// TestCosignatures names who signed, in the policy's order, quorum or not, and nobody for what is not the log's.
func TestCosignatures(t *testing.T) {
	l := filled(5)
	l.Witnesses = witnesses(3)
	p := l.Policy()
	l.Witnesses = []logtest.Witness{l.Witnesses[2], l.Witnesses[0]}
	raw := l.Checkpoint()
	_, err := p.Open(raw)
	wantCode(t, "two of three", err, marketops.QuorumUnmet)
	want := []log.Cosignature{{Name: l.Witnesses[1].Name, At: l.Witnesses[1].At}, {Name: l.Witnesses[0].Name, At: l.Witnesses[0].At}}
	if got := p.Cosignatures(raw); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if cp, err := p.OpenUnwitnessed(raw); err != nil || cp.Size != 5 {
		t.Errorf("%+v, %v", cp, err)
	}
	rogue := logtest.New(origin, logtest.Key(9))
	rogue.Witnesses = l.Witnesses
	if got := p.Cosignatures(rogue.Checkpoint()); got != nil {
		t.Errorf("got %v of a stranger's checkpoint", got)
	}
	_, err = p.OpenUnwitnessed(rogue.Checkpoint())
	wantCode(t, "a stranger's", err, marketops.CheckpointUnsigned)
	_, err = (*log.Policy)(nil).OpenUnwitnessed(raw)
	wantCode(t, "no policy", err, marketops.CheckpointUnsigned)
}

// TestParseVkey takes logs of any name, and nothing but their Ed25519 keys.
func TestParseVkey(t *testing.T) {
	for _, name := range []string{"log.example", "example.com/behind-the-sofa", "tlog\u00e9"} {
		v := log.Vkey(name, logtest.Key(1).Public())
		if p, err := log.ParseVkey(v); err != nil || p.Name != name || p.Vkey != v || p.Key != logtest.Key(1).Public() {
			t.Errorf("%q: %+v, %v", v, p, err)
		}
	}
	good := log.Vkey("log.example", logtest.Key(1).Public())
	for _, bad := range []string{"", "log.example", good + "A", strings.Replace(good, "log", "lag", 1), log.WitnessVkey("log.example", logtest.Key(1).Public()), log.Vkey("a b", logtest.Key(1).Public())} {
		if p, err := log.ParseVkey(bad); err == nil {
			t.Errorf("%q: %+v", bad, p)
		}
	}
}
