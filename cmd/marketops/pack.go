package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier/pack"
	"github.com/spf13/cobra"
)

func newPack(g *globals) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "pack RUN -o FILE",
		Short: "Gather all evidence of a run in one file that verifies offline",
		Long: `Write a .mopack: plan, operation documents, every record of the run with its proof under one
checkpoint, and the evidence texts. The same run at the same checkpoint gives the same bytes. Give
it to anybody; marketops-verify needs nothing else but your trust file.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return g.pack(c.Context(), args[0], out) },
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write (default: <run id>.mopack)")
	return c
}

func (g *globals) pack(ctx context.Context, arg, out string) error {
	r, err := openRun(arg)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := g.connect("", r.Info.Core)
	if err != nil {
		return err
	}
	contents, err := s.contents(ctx, r)
	if err != nil {
		return err
	}
	if out == "" {
		out = string(r.Info.RunID) + ".mopack"
	}
	var b bytes.Buffer
	if err := pack.Write(&b, *contents); err != nil {
		return err
	}
	if err := os.WriteFile(out, b.Bytes(), 0o644); err != nil {
		return err
	}
	g.Print("wrote %s: %s under checkpoint %d of %s, %d bytes, %s", out, cli.Count(len(contents.Entries), "record"), contents.Checkpoint.Size, contents.Checkpoint.Origin, b.Len(), marketops.DigestOf(b.Bytes()))
	g.Say("next: marketops-verify %s --trust trust.json", out)
	return g.Result(struct {
		Schema  string           `json:"schema"`
		Run     marketops.RunID  `json:"run"`
		File    string           `json:"file"`
		SHA256  marketops.Digest `json:"sha256"`
		Records int              `json:"records"`
		Origin  string           `json:"origin"`
		Size    uint64           `json:"size"`
	}{"marketops.pack-result/v1", r.Info.RunID, out, marketops.DigestOf(b.Bytes()), len(contents.Entries), contents.Checkpoint.Origin, contents.Checkpoint.Size})
}

// contents proves every record of the run under one checkpoint.
func (s *session) contents(ctx context.Context, r *plan.Run) (*pack.Contents, error) {
	all, err := s.core.Records(ctx, r.Info.RunID)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(all.Entries) == 0 {
		return nil, &marketops.Refusal{Code: marketops.NothingToVerify, What: "the log holds nothing of this run", Next: "marketops submit " + string(r.Info.RunID)}
	}
	newest := uint64(0)
	for _, e := range all.Entries {
		newest = max(newest, e.Position.Index)
	}
	tree, err := s.view.Covering(ctx, newest)
	if err != nil {
		return nil, err
	}
	c := &pack.Contents{Run: r.Info.RunID, Plan: r.PlanBytes, Operations: r.Documents, Checkpoint: tree.Checkpoint()}
	for _, e := range all.Entries {
		if len(e.Envelope) == 0 {
			s.Say("withheld: the %s of leaf %d was erased", e.Name, e.Position.Index)
			continue
		}
		rec, err := receipt.Open(e.Envelope, s.trust.Ring())
		if err != nil {
			return nil, err
		}
		if err := s.collect(ctx, c, tree, rec, e); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (s *session) collect(ctx context.Context, c *pack.Contents, tree *log.Tree, rec *receipt.Record, e api.Entry) error {
	proof, err := view.ProveIn(tree, rec.LeafHash(), e.Position)
	if err != nil {
		return err
	}
	c.Entries = append(c.Entries, pack.Entry{Record: rec, Proof: proof})
	for _, d := range rec.Body.Refs().Evidence {
		text, err := s.core.Evidence(ctx, d)
		if errors.Is(err, fs.ErrNotExist) {
			continue // erased: the report says withheld
		}
		if err != nil {
			return err
		}
		c.Evidence = append(c.Evidence, pack.Evidence{Digest: d, Text: text})
	}
	return nil
}
