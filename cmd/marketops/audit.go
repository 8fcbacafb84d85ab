package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/offline"
	"github.com/spf13/cobra"
)

type auditOptions struct {
	verifyOptions
	log, records, operations, previous string
	since, evidence, resume            string
	hashOnly                           bool
}

func newAudit(g *globals) *cobra.Command {
	var o auditOptions
	c := &cobra.Command{
		Use:   "audit [--log DIR|URL --records DIR|URL]",
		Short: "Check the whole log: every signature, proof, order and single use",
		Long: `Read a log and its record store from folders, or from addresses of web servers, and check every
entry. Without either it reads those of the state folder. What a server answers is believed no more
than a file: every entry is compared with the signed root and every record verified.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return g.audit(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.log, "log", "", "the log: checkpoint and tile/ (default: .marketops/log)")
	f.StringVar(&o.records, "records", "", "the record store (default: .marketops/records)")
	f.StringVar(&o.operations, "operations", "", "operation documents, named by digest, to tell which share a resource (default: .marketops/documents)")
	f.StringVar(&o.previous, "previous", "", "the frozen log that this one goes on after: did it end as the first leaf says")
	f.StringVar(&o.since, "since", "", "a `file` with a checkpoint that you kept: the log must extend it, and what is new is counted")
	bindFlags(c, func(f *flag.FlagSet) { offline.BindEvidence(f, &o.evidence) })
	f.StringVar(&o.resume, "resume", "", "a `file` to go on from and to keep the state in; nobody else may write there")
	f.BoolVar(&o.hashOnly, "hash-only", false, `compare the leaves with the root and nothing else; never "verified"`)
	o.bind(c)
	return c
}

func (g *globals) audit(ctx context.Context, o auditOptions) error {
	t, err := g.judging(o.Judging)
	if err != nil {
		return g.verdict(verifier.Refused(verifier.OfAudit, verifier.CheckTrust, t, err))
	}
	options, err := g.auditOptions(ctx, o)
	if err != nil {
		return err
	}
	files, err := source(ctx, o.log, "log", &options)
	if err != nil {
		return err
	}
	defer files.Close()
	records, err := source(ctx, o.records, "records", &options)
	if err != nil {
		return err
	}
	defer records.Close()
	documents, err := folder(o.operations, "documents")
	if err == nil {
		defer documents.Close()
		options.Document = audit.Documents(documents)
	} else if o.operations != "" {
		return err
	}
	if o.previous != "" {
		before, err := source(ctx, o.previous, "previous", &options)
		if err != nil {
			return err
		}
		defer before.Close()
		options.Previous = before
	}
	p := audit.NewProgress(g.Err, g.ErrTTY, time.Now)
	if !g.JSON && !g.Quiet {
		options.Progress = p.Step
	}
	r := audit.Audit(files, records, t, options)
	p.Done()
	offline.Keep(r, o.evidence)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return g.verdict(r)
}

// auditOptions reads what an audit rests on beside the log.
func (g *globals) auditOptions(ctx context.Context, o auditOptions) (a audit.Options, err error) {
	if o.hashOnly && o.resume != "" {
		return a, &cli.UsageError{Err: errors.New("--hash-only keeps no state to --resume from")}
	}
	a = audit.Options{At: o.At, HashOnly: o.hashOnly, Program: buildVersion(), Stop: ctx.Done()}
	if _, err = rand.Read(a.Secret[:]); err != nil {
		return a, err
	}
	if o.since != "" {
		if a.Since, err = readBounded(o.since, log.MaxCheckpoint); err != nil {
			return a, unreadable(o.since, err, "name a file with a checkpoint")
		}
	}
	if o.resume != "" {
		file := audit.StateFile(o.resume)
		a.Save = file.Save
		if a.State, err = file.Load(); err != nil {
			return a, unreadable(o.resume, err, "give the file mode 0600, or remove it to begin anew")
		}
	}
	return a, nil
}

// reader is a folder or a server.
type reader interface {
	log.TileReader
	Close() error
}

// source opens what the user named, or the folder of the state folder.
func source(ctx context.Context, name, what string, o *audit.Options) (reader, error) {
	if !strings.HasPrefix(name, "https://") && !strings.HasPrefix(name, "http://") {
		return folder(name, what)
	}
	r, err := newRemote(ctx, name)
	if err != nil {
		return nil, &cli.UsageError{Err: fmt.Errorf("--%s: %w", what, err)}
	}
	o.Workers = remoteWorkers
	return r, nil
}

// folder opens a folder that the user named, or the one of the state folder.
func folder(dir, name string) (*audit.Folder, error) {
	if dir == "" {
		state, err := findState()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(state, name)
	}
	f, err := audit.OpenFolder(dir)
	if err != nil {
		return nil, unreadable(fmt.Sprintf("the %s folder %s", name, dir), err, "name the folder with --"+name)
	}
	return f, nil
}

func unreadable(what string, err error, next string) error {
	return &marketops.Failure{Code: marketops.SourceUnreadable, What: what, Err: err, State: "nothing was verified", Next: next}
}
