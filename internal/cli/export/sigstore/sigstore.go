// Package sigstore is the command export sigstore.
package sigstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/evidence"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/cli/verdict"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
	"github.com/omega/marketops/verifier/pack"
	"github.com/omega/marketops/verifier/sigstore"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	offline.Judging
	Source    string // pack, or run
	Operation int    // its number in the plan
	Record    string // receipt or outcome
	Out       string // folder
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
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
release asset that you name in place of operation.json, for the receipt names them all.

A bundle of a receipt proves authorisation, not publication: it verifies just the same when the receipt
was revoked, or was never used. The command says how far the operation came; give that, or the pack, with it.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { o.Source = args[0]; return run(c.Context(), e, o) },
	}
	c.Flags().IntVar(&o.Operation, "op", 0, "number of the operation in the plan")
	c.Flags().StringVar(&o.Record, "record", string(sigstore.Receipt), "what to export: receipt or outcome")
	c.Flags().StringVarP(&o.Out, "output", "o", "", "folder to write, which must be new or empty")
	cli.AddGoFlags(c, o.Bind)
	return c
}

func (o Options) check() error {
	switch {
	case o.Operation < 1:
		return &cli.UsageError{Err: errors.New("--op must name an operation of the plan, from 1")}
	case o.Record != string(sigstore.Receipt) && o.Record != string(sigstore.Outcome):
		return &cli.UsageError{Err: fmt.Errorf("--record is %q, want receipt or outcome", o.Record)}
	case o.Out == "":
		return &cli.UsageError{Err: errors.New("-o must name the folder to write")}
	}
	if found, err := regular.EntriesPath(o.Out, 1); len(found) > 0 || err != nil && !errors.Is(err, os.ErrNotExist) {
		return &cli.UsageError{Err: fmt.Errorf("-o %s is not an empty folder; files of two exports would not fit together", o.Out)}
	}
	return nil
}

func run(ctx context.Context, e *env.Env, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	t, err := verdict.LoadTrust(e, o.Judging)
	if err != nil {
		return refuse(e, verifier.Refused(verifier.OfPack, verifier.CheckTrust, t, err))
	}
	data, err := load(ctx, e, o.Source)
	if err != nil {
		return err
	}
	p, err := pack.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return refuse(e, verifier.Refused(verifier.OfPack, verifier.CheckPack, t, err))
	}
	at := o.At
	if at == 0 {
		at = cli.Now()
	}
	return export(e, p, t, at, o)
}

func export(e *env.Env, p *pack.Pack, t *trust.Trust, at marketops.Time, o Options) error {
	operation, err := findOperation(p, o.Operation)
	if err != nil {
		return err
	}
	set, err := sigstore.New(p, t, at, operation, sigstore.Subject(o.Record))
	if u := new(sigstore.Unverified); errors.As(err, &u) {
		return refuse(e, u.Report)
	}
	if err != nil {
		return err
	}
	if err := writeSet(o.Out, set); err != nil {
		return err
	}
	return report(e.Streams, p.Manifest.RunID, operation, set, o)
}

// refuse answers as marketops verify does.
func refuse(e *env.Env, r *verifier.Report) error {
	e.Say("nothing was exported: the evidence is not verified")
	return verdict.Write(e, r)
}

// load returns the bytes of a pack, from a file or, for a run, made in memory.
func load(ctx context.Context, e *env.Env, arg string) ([]byte, error) {
	data, err := regular.ReadPath(arg, pack.MaxPack)
	if errors.Is(err, fs.ErrNotExist) || isFolder(arg) {
		return gather(ctx, e, arg)
	}
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.SourceUnreadable, What: arg, Err: err, State: "nothing was exported", Next: "name the pack's file"}
	}
	return data, nil
}

func isFolder(path string) bool {
	root, err := os.OpenRoot(path)
	if err != nil {
		return false
	}
	return root.Close() == nil
}

func gather(ctx context.Context, e *env.Env, arg string) ([]byte, error) {
	r, err := runfolder.Find(arg)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s, err := session.Connect(e, "", r.Info.Core)
	if err != nil {
		return nil, err
	}
	contents, err := evidence.Gather(ctx, s, r)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = pack.Write(&b, *contents)
	return b.Bytes(), err
}

// findOperation returns the operation that the plan gives a number. A pack does not order its documents;
// that this plan is the one that was authorised is for the verifier to say.
func findOperation(p *pack.Pack, n int) (marketops.Digest, error) {
	parsed, err := document.Parse(p.Plan)
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
	root, err := durable.Folder(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	files := map[string][]byte{sigstore.OperationFile: s.Operation, sigstore.RootFile: s.Root}
	for _, one := range s.Signed {
		files[one.BundleFile], files[one.KeyFile] = one.Bundle, one.Key
	}
	for name, data := range files {
		if err := regular.CreatePath(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
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
	Shown         string              `json:"shown"` // how far the operation came, by the pack
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

func report(out *cli.Streams, run marketops.RunID, operation marketops.Digest, s *sigstore.Set, o Options) error {
	v := exportView{Schema: "marketops.export-result/v1", Run: run, Number: o.Operation, Operation: operation, Record: o.Record,
		PredicateType: s.PredicateType, Receipt: s.Receipt, Status: s.Status, Shown: s.Shown, Unwitnessed: s.Report.Unwitnessed, Dir: o.Out,
		Document: filepath.Join(o.Out, sigstore.OperationFile), TrustedRoot: filepath.Join(o.Out, sigstore.RootFile)}
	for _, one := range s.Signed {
		x := exportedSignature{Role: one.By.Role, By: one.By.Name, Key: one.KeyID, Position: one.Position,
			Bundle: filepath.Join(o.Out, one.BundleFile), Public: filepath.Join(o.Out, one.KeyFile)}
		x.Command = []string{"cosign", "verify-blob-attestation", "--key", x.Public, "--bundle", x.Bundle,
			"--trusted-root", v.TrustedRoot, "--type", s.PredicateType, v.Document}
		v.Signatures = append(v.Signatures, x)
		out.Say("%s of operation %d by %s %s, leaf %d of %s", o.Record, o.Operation, x.Role, x.By, x.Position.Index, x.Position.Origin)
		out.Print("%s", commandLine(x.Command))
	}
	out.Say("receipt %s: %s; operation %d: %s", s.Receipt, s.Status, o.Operation, s.Shown)
	out.Say("a bundle proves that the record was signed and logged, not that anything was published; cosign does not see single use, revocation or witnesses: marketops-verify PACK does")
	return out.Result(v)
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
