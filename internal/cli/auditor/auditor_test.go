package auditor_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
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
	for name, want := range map[string]marketops.Code{"": marketops.TrustMissing, "none.json": marketops.TrustMissing, t.TempDir(): marketops.FileUnsafe} {
		if _, err := (&auditor.Options{Trust: name}).LoadTrust(verifier.Pin{}); marketops.CodeOf(err) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestTrustOwner: a trust file that others can write is believed only if its digest is pinned.
func TestTrustOwner(t *testing.T) {
	path, text := filepath.Join(t.TempDir(), "trust.json"), []byte("{}")
	if err := errors.Join(os.WriteFile(path, text, 0o600), os.Chmod(path, 0o602)); err != nil {
		t.Fatal(err)
	}
	load := func(pin verifier.Pin) marketops.Code {
		_, err := (&auditor.Options{Trust: path}).LoadTrust(pin)
		return marketops.CodeOf(err)
	}
	if got := load(verifier.Pin{}); got != marketops.FileUnsafe && runtime.GOOS != "windows" {
		t.Errorf("others can write it: %s", got)
	}
	if got := load(verifier.Pin{Digest: marketops.DigestOf(text)}); got == marketops.FileUnsafe || got == "" {
		t.Errorf("its digest is pinned, and it is no trust file: %q", got)
	}
}
