// Package offline answers for files: it reads a pack or a Sigstore bundle, a checkpoint that
// somebody holds and a folder of downloads, has package verifier judge them, and keeps the evidence
// of a log that contradicts itself. It is the one way of both commands that verify, and it opens no
// connection.
//
// # Input
//
// What begins with an opening brace is a bundle, everything else a pack. Only regular files are read,
// and no more of them than their format allows.
//
// # Downloads
//
// The folder of --subject holds the files that were downloaded and nothing else, without folders. Its
// names are listed; a file is hashed, through a buffer, only if it has the name and the size of an
// asset. What is no regular file is never opened.
//
// # Evidence
//
// When a checkpoint contradicts what is known otherwise, both statements are written into one file,
// the earlier first, with an empty line between. The file is new; one of the same content counts as
// written, and any other is left alone. The pack belongs to it: its proofs lead to the other root.
package offline

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/foreign"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
)

// Judging is what every verdict rests on beside the evidence and the trust file.
type Judging struct {
	At      marketops.Time // 0: the caller's clock
	Pin     verifier.Pin
	History string // folder of earlier versions of the trust file; "": none
}

// Former returns an earlier version of the trust file from the folder that the user named.
func (j *Judging) Former(d marketops.Digest) []byte {
	if j.History == "" {
		return nil
	}
	b, err := ReadFile(filepath.Join(j.History, d.Hex()+".json"), trust.MaxTrust)
	if err != nil {
		return nil
	}
	return b
}

// Bind defines the flags --at, --trust-digest and --min-trust-version.
func (j *Judging) Bind(f *flag.FlagSet) {
	f.Func("at", "judge as of this `time` (2026-03-01T12:00:00Z; default: now)", func(s string) error { return j.At.UnmarshalText([]byte(s)) })
	f.Func("trust-history", "a `folder` of earlier versions of the trust file, such as trust/ of a record store", text(&j.History))
	BindPin(f, &j.Pin)
}

// BindPin defines the flags --trust-digest and --min-trust-version. An empty digest and a zero one are
// refused: both would pin nothing, and look as if they did.
func BindPin(f *flag.FlagSet, p *verifier.Pin) {
	f.Func("trust-digest", "refuse any trust file but the one with this `SHA-256` (sha256:…)", func(s string) (err error) {
		if p.Digest, err = marketops.ParseDigest(s); err == nil && p.Digest.IsZero() {
			err = errors.New("this is the digest of no file")
		}
		return err
	})
	f.Int64Var(&p.MinVersion, "min-trust-version", 0, "refuse an older trust file")
}

// Options are what a caller asks for beyond that.
type Options struct {
	Judging
	Require    verifier.Level
	Subject    string // folder of downloads; "": not compared
	Checkpoint string // file with a checkpoint of the same log; "": none
	Evidence   string // file to write; "": a name in the current folder
}

// Bind defines the flags.
func (o *Options) Bind(f *flag.FlagSet) {
	o.Judging.Bind(f)
	f.Func("require", "ask for this `level`: signature, inclusion or quorum (default: the strictest that the trust file names)", func(s string) error { return o.Require.UnmarshalText([]byte(s)) })
	f.Func("subject", "compare every file of this `folder` with the assets that were published as authorised", text(&o.Subject))
	f.Func("checkpoint", "a `file` with a checkpoint of the same log, seen elsewhere; it must be of this log", text(&o.Checkpoint))
	bindEvidence(f, &o.Evidence)
}

// bindEvidence defines the flag --evidence; see [Keep].
func bindEvidence(f *flag.FlagSet, file *string) {
	f.Func("evidence", "the `file` that keeps both statements of a forked log (default: marketops-evidence-… here)", text(file))
}

// text refuses an empty value: an unset variable of a script would switch the question off.
func text(to *string) func(string) error {
	return func(s string) error {
		if *to = s; s == "" {
			return errors.New("no name is given")
		}
		return nil
	}
}

// Verify judges the file at path under the trust file that load returns; an error of load is a
// report that failed. Its own error is an input that could not be read: nothing was verified.
func Verify(path string, load func() (*trust.Trust, error), o Options) (*verifier.Report, error) {
	f, info, err := regular.OpenPath(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := verifier.Demand{Require: o.Require, Former: o.Former}
	if o.Checkpoint != "" {
		if d.Held, err = ReadFile(o.Checkpoint, log.MaxCheckpoint); err != nil {
			return nil, err
		}
	}
	kind := kindOf(f)
	t, err := load()
	if err != nil {
		return verifier.Refused(kind, verifier.CheckTrust, t, err), nil
	}
	if what := foreign.Name(d.Held); d.Held != nil && what != "" && !foreign.IsCheckpoint(d.Held) {
		return verifier.Refused(kind, verifier.CheckCheckpoint, t, verifier.WrongFile(o.Checkpoint, what, "a checkpoint of the pack's log", "name a file with a checkpoint, as marketops log checkpoint writes it")), nil
	}
	r, err := o.judge(kind, f, info.Size(), t, d)
	if err == nil && r.Code == marketops.PackMalformed {
		if other := verifier.RefusedForeign(kind, beginning(f, info.Size()), t); other != nil {
			r = other
		}
	}
	if err == nil {
		Keep(r, o.Evidence)
	}
	return r, err
}

func (o Options) judge(kind verifier.Kind, f *os.File, size int64, t *trust.Trust, d verifier.Demand) (*verifier.Report, error) {
	if kind == verifier.OfBundle {
		b, err := io.ReadAll(io.LimitReader(f, verifier.MaxBundle+1))
		if err == nil {
			d.Files, err = o.measure(verifier.WantedOf(b))
		}
		if err != nil {
			return nil, err
		}
		return d.VerifyBundle(b, t, o.At), nil
	}
	p, err := pack.Read(f, size)
	if err != nil && marketops.CodeOf(err) == "" {
		return nil, err
	}
	if err != nil {
		return verifier.Refused(kind, verifier.CheckPack, t, err), nil
	}
	if d.Files, err = o.measure(verifier.Wanted(p.Operations)); err != nil {
		return nil, err
	}
	return d.Verify(p, t, o.At), nil
}

// beginning returns as much of a file as is looked at to name it.
func beginning(f io.ReaderAt, size int64) []byte {
	data := make([]byte, min(size, foreign.MaxRead))
	n, _ := f.ReadAt(data, 0)
	return data[:n]
}

// kindOf looks at the first byte.
func kindOf(f io.ReaderAt) verifier.Kind {
	var b [64]byte
	n, _ := f.ReadAt(b[:], 0)
	if bytes.HasPrefix(bytes.TrimLeft(b[:n], " \t\r\n"), []byte("{")) {
		return verifier.OfBundle
	}
	return verifier.OfPack
}

// ReadFile reads a regular file of at most limit bytes.
func ReadFile(name string, limit int64) ([]byte, error) { return regular.ReadPath(name, limit) }
