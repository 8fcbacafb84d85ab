package auditor_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"slices"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/verifier"
)

// TestTakeFlags: flags stand anywhere, with one dash or two; behind "--" there are none.
func TestTakeFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want auditor.Options
		rest []string
		fail bool
	}{
		{args: nil},
		{args: []string{"a", "--trust", "t", "b", "-json"}, want: auditor.Options{Trust: "t", JSON: true}, rest: []string{"a", "b"}},
		{args: []string{"--quiet", "--", "--json", "a"}, want: auditor.Options{Quiet: true}, rest: []string{"--json", "a"}},
		{args: []string{"a", "--", "--trust"}, rest: []string{"a", "--trust"}},
		{args: []string{"--trust"}, fail: true},
		{args: []string{"a", "--unknown"}, fail: true},
	} {
		var got auditor.Options
		rest, err := auditor.TakeFlags(c.args, got.Bind)
		if (err != nil) != c.fail || err == nil && (got != c.want || !slices.Equal(rest, c.rest)) {
			t.Errorf("%q: %+v %q %v", c.args, got, rest, err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

// TestAnswers: help is no mistake, and a report that could not be written is no success.
func TestAnswers(t *testing.T) {
	var out, talk bytes.Buffer
	e := &auditor.Env{Out: &out, Err: &talk, Help: "help\n"}
	if exit := e.Misused(flag.ErrHelp, "usage\n"); exit != 0 || out.String() != "help\n" || talk.Len() != 0 {
		t.Errorf("exit %d %q %q", exit, out.String(), talk.String())
	}
	out.Reset()
	if exit := e.Misused(errors.New("a\x1bb"), "usage\n"); exit != auditor.ExitUsage || out.Len() != 0 || talk.String() != "marketops-verify: a\\x1bb\nusage\n" {
		t.Errorf("exit %d %q %q", exit, out.String(), talk.String())
	}
	e = &auditor.Env{Out: full{}, Err: io.Discard}
	refused := verifier.Refused(verifier.OfPack, verifier.CheckTrust, nil, marketops.Refuse(marketops.TrustMissing, ""))
	if exit := e.Answer(refused, &auditor.Options{}); exit != auditor.ExitError {
		t.Errorf("exit %d", exit)
	}
	if exit := e.Unread(verifier.OfPack, &auditor.Options{JSON: true}, errors.New("no such file")); exit != auditor.ExitError {
		t.Errorf("exit %d", exit)
	}
}

// TestTrust: without a trust file nothing is believed.
func TestTrust(t *testing.T) {
	for _, name := range []string{"", "none.json", t.TempDir()} {
		if _, err := (&auditor.Options{Trust: name}).LoadTrust(verifier.Pin{}); marketops.CodeOf(err) != marketops.TrustMissing {
			t.Errorf("%q: %v", name, err)
		}
	}
}
