// Package pack is the command pack.
package pack

import (
	"bytes"
	"context"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/evidence"
	"github.com/omega/marketops/internal/cli/runfolder"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/verifier/pack"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Run string
	Out string // file; "": named by the run
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "pack RUN -o FILE",
		Short: "Gather all evidence of a run in one file that verifies offline",
		Long: `Write a .mopack: plan, operation documents, every record of the run with its proof under one
checkpoint, and the evidence texts. The same run at the same checkpoint gives the same bytes. Give
it to anybody; marketops-verify needs nothing else but your trust file.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { o.Run = args[0]; return run(c.Context(), e, o) },
	}
	c.Flags().StringVarP(&o.Out, "output", "o", "", "file to write (default: <run id>.mopack)")
	return c
}

func run(ctx context.Context, e *env.Env, o Options) error {
	r, err := runfolder.Find(o.Run)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := session.Connect(e, "", r.Info.Core)
	if err != nil {
		return err
	}
	contents, err := evidence.Gather(ctx, s, r)
	if err != nil {
		return err
	}
	out := o.Out
	if out == "" {
		out = string(r.Info.RunID) + ".mopack"
	}
	var b bytes.Buffer
	if err := pack.Write(&b, *contents); err != nil {
		return err
	}
	if err := regular.WritePath(out, b.Bytes()); err != nil {
		return err
	}
	e.Print("wrote %s: %s under checkpoint %d of %s, %d bytes, %s", out, cli.Count(len(contents.Entries), "record"), contents.Checkpoint.Size, contents.Checkpoint.Origin, b.Len(), marketops.DigestOf(b.Bytes()))
	e.Say("next: marketops-verify %s --trust trust.json", out)
	return e.Result(struct {
		Schema  string           `json:"schema"`
		Run     marketops.RunID  `json:"run"`
		File    string           `json:"file"`
		SHA256  marketops.Digest `json:"sha256"`
		Records int              `json:"records"`
		Origin  string           `json:"origin"`
		Size    uint64           `json:"size"`
	}{"marketops.pack-result/v1", r.Info.RunID, out, marketops.DigestOf(b.Bytes()), len(contents.Entries), contents.Checkpoint.Origin, contents.Checkpoint.Size})
}
