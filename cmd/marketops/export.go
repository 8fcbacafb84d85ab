package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
	"github.com/omega/marketops/verifier/sigstore"
	"github.com/spf13/cobra"
)

type exportOptions struct {
	verifyOptions
	op          int
	record, out string
}

func newExport(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "export", Short: "Hand evidence to other verifiers", Args: cobra.ArbitraryArgs, RunE: cli.Group}
	c.AddCommand(newExportSigstore(g))
	return c
}

func newExportSigstore(g *globals) *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "sigstore PACK|RUN --op N -o DIR",
		Short: "Write a receipt so that stock cosign verifies it offline, log proof included",
		Long: `Write the operation document, a Sigstore bundle, a trusted root and the signer's public key into a
new folder, and print the cosign command that verifies them without a network. The trusted root
and the key come from the trust file, never from the run.

A .mopack is exported offline; for a run, its evidence is gathered from the Federation Core first.
Either way the whole pack is verified, and nothing is written unless it verifies; otherwise the
report and the exit code are those of marketops verify.

cosign checks signature, subject, type and inclusion in the log. It cannot see witnesses, approvals,
validity windows, single use or revocation: marketops-verify does. The command also verifies each
release asset that you name in place of operation.json, for the receipt names them all.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return g.exportSigstore(c.Context(), args[0], o) },
	}
	c.Flags().IntVar(&o.op, "op", 0, "number of the operation in the plan")
	c.Flags().StringVar(&o.record, "record", string(sigstore.Receipt), "what to export: receipt or outcome")
	c.Flags().StringVarP(&o.out, "output", "o", "", "folder to write, which must be new or empty")
	o.bind(c)
	return c
}

func (o exportOptions) check() error {
	switch {
	case o.op < 1:
		return &cli.UsageError{Err: errors.New("--op must name an operation of the plan, from 1")}
	case o.record != string(sigstore.Receipt) && o.record != string(sigstore.Outcome):
		return &cli.UsageError{Err: fmt.Errorf("--record is %q, want receipt or outcome", o.record)}
	case o.out == "":
		return &cli.UsageError{Err: errors.New("-o must name the folder to write")}
	}
	if found, err := os.ReadDir(o.out); len(found) > 0 || err != nil && !errors.Is(err, os.ErrNotExist) {
		return &cli.UsageError{Err: fmt.Errorf("-o %s is not an empty folder; files of two exports would not fit together", o.out)}
	}
	return nil
}

func (g *globals) exportSigstore(ctx context.Context, arg string, o exportOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	t, err := g.judging(o.Judging)
	if err != nil {
		return g.unverified(verifier.Refused(verifier.OfPack, verifier.CheckTrust, t, err))
	}
	data, err := g.evidence(ctx, arg)
	if err != nil {
		return err
	}
	p, err := pack.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return g.unverified(verifier.Refused(verifier.OfPack, verifier.CheckPack, t, err))
	}
	at := o.At
	if at == 0 {
		at = now()
	}
	return g.exportPack(p, t, at, o)
}

func (g *globals) exportPack(p *pack.Pack, t *trust.Trust, at marketops.Time, o exportOptions) error {
	operation, err := numbered(p, o.op)
	if err != nil {
		return err
	}
	set, err := sigstore.New(p, t, at, operation, sigstore.Subject(o.record))
	if u := new(sigstore.Unverified); errors.As(err, &u) {
		return g.unverified(u.Report)
	}
	if err != nil {
		return err
	}
	if err := writeSet(o.out, set); err != nil {
		return err
	}
	return g.exported(p.Manifest.RunID, operation, set, o)
}

// unverified answers as marketops verify does.
func (g *globals) unverified(r *verifier.Report) error {
	g.Say("nothing was exported: the evidence is not verified")
	return g.verdict(r)
}

// evidence returns the bytes of a pack, from a file or, for a run, made in memory.
func (g *globals) evidence(ctx context.Context, arg string) ([]byte, error) {
	info, err := os.Stat(arg)
	if err != nil || !info.Mode().IsRegular() {
		return g.packed(ctx, arg)
	}
	data, err := readBounded(arg, pack.MaxPack)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.SourceUnreadable, What: arg, Err: err, State: "nothing was exported", Next: "name the pack's file"}
	}
	return data, nil
}

func (g *globals) packed(ctx context.Context, arg string) ([]byte, error) {
	r, err := openRun(arg)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s, err := g.connect("", r.Info.Core)
	if err != nil {
		return nil, err
	}
	contents, err := s.contents(ctx, r)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = pack.Write(&b, *contents)
	return b.Bytes(), err
}

// numbered returns the operation that the plan gives a number. A pack does not order its documents;
// that this plan is the one that was authorised is for the verifier to say.
func numbered(p *pack.Pack, n int) (marketops.Digest, error) {
	parsed, err := plan.Parse(p.Plan)
	if err != nil {
		return marketops.Digest{}, err
	}
	for _, op := range parsed.Operations {
		if op.Number == n {
			return op.Operation, nil
		}
	}
	return marketops.Digest{}, &cli.UsageError{Err: fmt.Errorf("--op %d: the plan has %s", n, cli.Count(len(parsed.Operations), "operation"))}
}

func writeSet(dir string, s *sigstore.Set) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files := map[string][]byte{sigstore.OperationFile: s.Operation, sigstore.RootFile: s.Root}
	for _, one := range s.Signed {
		files[one.BundleFile], files[one.KeyFile] = one.Bundle, one.Key
	}
	for name, data := range files {
		if err := writeNew(filepath.Join(dir, name), data); err != nil {
			return err
		}
	}
	return nil
}

// writeNew never follows a link that somebody put there, nor replaces a file.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// exportView is the result in --json.
type exportView struct {
	Schema        string              `json:"schema"` // "marketops.export-result/v1"
	Run           marketops.RunID     `json:"run"`
	Number        int                 `json:"number"`
	Operation     marketops.Digest    `json:"operation"`
	Record        string              `json:"record"`
	PredicateType string              `json:"predicate_type"`
	Receipt       marketops.ReceiptID `json:"receipt"`
	Status        receipt.Status      `json:"status"`
	Unwitnessed   string              `json:"unwitnessed,omitzero"`
	Dir           string              `json:"dir"`
	Document      string              `json:"document"`
	TrustedRoot   string              `json:"trusted_root"`
	Signatures    []exportedSignature `json:"signatures"`
}

// exportedSignature is one signature and the command that verifies it.
type exportedSignature struct {
	Role     trust.Role   `json:"role"`
	By       string       `json:"by"`
	Key      crypto.KeyID `json:"key"`
	Position log.Position `json:"position"`
	Bundle   string       `json:"bundle"`
	Public   string       `json:"public_key"`
	Command  []string     `json:"command"`
}

func (g *globals) exported(run marketops.RunID, operation marketops.Digest, s *sigstore.Set, o exportOptions) error {
	v := exportView{Schema: "marketops.export-result/v1", Run: run, Number: o.op, Operation: operation, Record: o.record,
		PredicateType: s.PredicateType, Receipt: s.Receipt, Status: s.Status, Unwitnessed: s.Report.Unwitnessed, Dir: o.out,
		Document: filepath.Join(o.out, sigstore.OperationFile), TrustedRoot: filepath.Join(o.out, sigstore.RootFile)}
	for _, one := range s.Signed {
		e := exportedSignature{Role: one.By.Role, By: one.By.Name, Key: one.KeyID, Position: one.Position,
			Bundle: filepath.Join(o.out, one.BundleFile), Public: filepath.Join(o.out, one.KeyFile)}
		e.Command = []string{"cosign", "verify-blob-attestation", "--key", e.Public, "--bundle", e.Bundle,
			"--trusted-root", v.TrustedRoot, "--type", s.PredicateType, v.Document}
		v.Signatures = append(v.Signatures, e)
		g.Say("%s of operation %d by %s %s, leaf %d of %s", o.record, o.op, e.Role, e.By, e.Position.Index, e.Position.Origin)
		g.Print("%s", commandLine(e.Command))
	}
	g.Say("receipt %s: %s, as of this pack; cosign does not see single use, revocation or witnesses, marketops-verify does", s.Receipt, s.Status)
	return g.Result(v)
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// commandLine writes words as a POSIX shell reads them back.
func commandLine(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if quoted[i] = w; !plainWord.MatchString(w) {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
