// Package audit is the command audit of marketops.
package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/verdict"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/internal/version"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/offline"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	offline.AuditOptions
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(context.Context, *env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "audit [--log DIR|URL --records DIR|URL]",
		Short: "Check the whole log: every signature, proof, order and single use",
		Long: `Read a log and its record store from folders, or from addresses of web servers, and check every
entry. Without either it reads those of the state folder. What a server answers is believed no more
than a file: every entry is compared with the signed root and every record verified.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), e, o) },
	}
	cli.AddGoFlags(c, o.Bind)
	return c
}

func run(ctx context.Context, e *env.Env, o Options) error {
	t, err := verdict.LoadTrust(e, o.Judging)
	if err != nil {
		return verdict.Write(e, verifier.Refused(verifier.OfAudit, verifier.CheckTrust, t, err))
	}
	options, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	files, err := source(ctx, e, t, o.Log, "log", &options)
	if err != nil {
		return err
	}
	defer files.Close()
	records, err := source(ctx, e, t, o.Records, "records", &options)
	if err != nil {
		return err
	}
	defer records.Close()
	documents, err := folder(o.Operations, "documents", "operations")
	if err == nil {
		defer documents.Close()
		options.Operations = documents
	} else if o.Operations != "" || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, marketops.StateMissing) {
		return err
	}
	if o.Previous != "" {
		before, err := source(ctx, e, t, o.Previous, "previous", &options)
		if err != nil {
			return err
		}
		defer before.Close()
		options.Previous = before
	}
	p := audit.NewProgress(e.Err, e.ErrTTY, time.Now)
	if !e.JSON && !e.Quiet {
		options.Progress = p.Step
	}
	r := audit.Audit(files, records, t, options)
	p.Done()
	offline.Keep(r, o.Evidence)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return verdict.Write(e, r)
}

// prepare reads what an audit rests on beside the log.
func prepare(ctx context.Context, o Options) (a audit.Options, err error) {
	if err := o.Check(); err != nil {
		return a, &cli.UsageError{Err: err}
	}
	a = audit.Options{At: o.At, Former: o.Former, HashOnly: o.HashOnly, Program: version.String(), Stop: ctx.Done()}
	if _, err = rand.Read(a.Secret[:]); err != nil {
		return a, err
	}
	if o.Since != "" {
		if a.Since, err = regular.ReadPath(o.Since, log.MaxCheckpoint); err != nil {
			return a, unreadable(o.Since, err, "name a file with a checkpoint")
		}
	}
	if o.Resume != "" {
		file := audit.StateFile(o.Resume)
		a.Save = file.Save
		if a.State, err = file.Load(); err != nil {
			return a, unreadable(o.Resume, err, "give the file mode 0600, or remove it to begin anew")
		}
	}
	return a, nil
}
