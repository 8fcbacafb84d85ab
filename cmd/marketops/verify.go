package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/pack"
	"github.com/omega/marketops/verifier/show"
	"github.com/spf13/cobra"
)

type verifyOptions struct {
	at         string
	digest     marketops.Digest
	minVersion int64
}

func (o *verifyOptions) bind(c *cobra.Command) {
	c.Flags().StringVar(&o.at, "at", "", "judge as of this time (2026-03-01T12:00:00Z; default: now)")
	c.Flags().Func("trust-digest", "refuse any trust file but the one with this `SHA-256` (sha256:…)", o.pin)
	c.Flags().Int64Var(&o.minVersion, "min-trust-version", 0, "refuse an older trust file")
}

// pin takes no empty digest and no zero one: both would pin nothing, and look as if they did.
func (o *verifyOptions) pin(text string) (err error) {
	if o.digest, err = marketops.ParseDigest(text); err == nil && o.digest.IsZero() {
		err = errors.New("this is the digest of no file")
	}
	return err
}

func newVerify(g *globals) *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify PACK",
		Short: "Check a pack offline: was exactly this authorised, and what became of it",
		Long: `Check a .mopack against the trust file. This is the same verifier as marketops-verify, which has no
network code at all; use that one if you do not trust this program. Exit codes: 0 verified, 11
failed or indeterminate, 14 the log forked or was rolled back.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return g.verify(args[0], o) },
	}
	o.bind(c)
	return c
}

func (g *globals) verify(path string, o verifyOptions) error {
	t, at, err := g.judging(o)
	if usage := new(cli.UsageError); errors.As(err, &usage) {
		return err
	}
	if err != nil {
		return g.verdict(verifier.Refused(verifier.OfPack, verifier.CheckTrust, t, err))
	}
	data, err := readBounded(path, pack.MaxPack)
	if err != nil {
		return &marketops.Failure{Code: marketops.SourceUnreadable, What: path, Err: err, State: "nothing was verified", Next: "name the pack's file"}
	}
	p, err := pack.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return g.verdict(verifier.Refused(verifier.OfPack, verifier.CheckPack, t, err))
	}
	return g.verdict(verifier.Verify(p, t, at))
}

// judging loads what a verdict rests on beside the evidence.
func (g *globals) judging(o verifyOptions) (*receipt.Trust, marketops.Time, error) {
	at := now()
	if o.at != "" {
		if err := at.UnmarshalText([]byte(o.at)); err != nil {
			return nil, 0, &cli.UsageError{Err: err}
		}
	}
	pin := verifier.Pin{Digest: o.digest, MinVersion: o.minVersion}
	state, err := findState()
	if err != nil && g.trust == "" {
		return nil, 0, marketops.RefuseErr(marketops.TrustMissing, "no --trust, and no state folder to take it from", err)
	}
	t, err := g.loadTrust(state)
	if err != nil {
		return nil, 0, err
	}
	return t, at, pin.Check(t)
}

// verdict writes a report. A report that is not "verified" is an error with its exit code.
func (g *globals) verdict(r *verifier.Report) error {
	write := func() error { return show.Text(g.Out, r, show.Options{Color: g.Colour, Quiet: g.Quiet}) }
	if g.JSON {
		write = func() error { return show.JSON(g.Out, r) }
	}
	err := write()
	if err != nil {
		return err
	}
	if code := r.ExitCode(); code != cli.ExitDone {
		return &cli.CodedError{Exit: code, Err: cli.ErrReported}
	}
	return nil
}

func newAudit(g *globals) *cobra.Command {
	var o verifyOptions
	var logDir, records, operations string
	c := &cobra.Command{
		Use:   "audit [--log DIR --records DIR]",
		Short: "Check the whole log offline: every signature, proof, order and single use",
		Long: `Read a log and its record store from folders and check every entry. Without folders it reads those
of the state folder.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return g.audit(logDir, records, operations, o) },
	}
	c.Flags().StringVar(&logDir, "log", "", "the log: checkpoint and tile/ (default: .marketops/log)")
	c.Flags().StringVar(&records, "records", "", "the record store (default: .marketops/records)")
	c.Flags().StringVar(&operations, "operations", "", "operation documents, named by digest, to tell which share a resource (default: .marketops/documents)")
	o.bind(c)
	return c
}

func (g *globals) audit(logDir, records, operations string, o verifyOptions) error {
	t, at, err := g.judging(o)
	if usage := new(cli.UsageError); errors.As(err, &usage) {
		return err
	}
	if err != nil {
		return g.verdict(verifier.Refused(verifier.OfAudit, verifier.CheckTrust, t, err))
	}
	files, err := g.folder(logDir, "log")
	if err != nil {
		return err
	}
	defer files.Close()
	store, err := g.folder(records, "records")
	if err != nil {
		return err
	}
	defer store.Close()
	options := audit.Options{}
	if o.at != "" {
		options.At = at
	}
	documents, err := g.folder(operations, "documents")
	if err == nil {
		defer documents.Close()
		options.Document = audit.Documents(documents)
	} else if operations != "" {
		return err
	}
	return g.verdict(audit.Audit(files, store, t, options))
}

// folder opens a folder that the user named, or the one of the state folder.
func (g *globals) folder(dir, name string) (*audit.Folder, error) {
	if dir == "" {
		state, err := findState()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(state, name)
	}
	f, err := audit.OpenFolder(dir)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.SourceUnreadable, What: fmt.Sprintf("the %s folder %s", name, dir), Err: err,
			State: "nothing was verified", Next: "name the folder with --" + name}
	}
	return f, nil
}
