package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github"
	"github.com/omega/marketops/publisher/ratelimit"
	"github.com/omega/marketops/receipt"
)

// opJournal lets a port write into the run's journal.
type opJournal struct {
	*plan.OperationJournal
	op marketops.Operation // whose journal it is
}

// Call implements [publisher.Journal].
func (j opJournal) Call(c publisher.CallEvidence) error { return j.Append("call", c) }

// jobs gathers what each operation of a run needs to be asked about.
func (s *session) jobs(ctx context.Context, r *plan.Run, j *plan.Journal, b *bars) ([]*publisher.Job, error) {
	submission, err := s.loadEntry(r, "submission")
	if err != nil {
		return nil, err
	}
	approvals, err := s.approvals(ctx, r)
	if err != nil {
		return nil, err
	}
	out := make([]*publisher.Job, len(r.Operations))
	for i, op := range r.Operations {
		job := &publisher.Job{Number: i + 1, Run: r.Info.RunID, Op: op, Submission: submission, Approvals: approvals,
			Journal: opJournal{j.Operation(r.Plan.Operations[i].Operation), op}, Measured: []marketops.Digest{}}
		if job.Receipts, err = s.loadFolder(r, "receipts", fmt.Sprint(i+1)); err != nil {
			return nil, err
		}
		content, err := r.Content(ctx, i+1)
		if err != nil {
			return nil, err
		}
		for _, c := range content {
			job.Content = append(job.Content, b.watch(c.Name, c))
			job.Measured = append(job.Measured, c.Measured)
			if c.Problem != "" {
				s.Say("operation %d: %s: %s", i+1, c.Path, c.Problem)
			}
		}
		out[i] = job
	}
	return out, nil
}

// approvals are those in the run's folder and those that the Core has logged for the run: the
// union, so that neither side can hide a rejection that the other knows of.
func (s *session) approvals(ctx context.Context, r *plan.Run) ([]api.Entry, error) {
	local, err := s.loadFolder(r, "approvals", "")
	if err != nil {
		return nil, err
	}
	all, err := s.core.Records(ctx, r.Info.RunID)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a run that was never submitted has none
		return nil, err
	}
	known := map[marketops.Digest]bool{}
	for _, e := range local {
		known[receipt.NameUnverified(e.Envelope)] = true
	}
	for _, e := range all.Entries {
		if e.Name == receipt.KindApproval && !known[receipt.NameUnverified(e.Envelope)] {
			local = append(local, e)
		}
	}
	return local, nil
}

// publisherFor wires the publisher. The GitHub credential is not read here: the port asks for it
// right before its first request, which no refused operation ever reaches.
func (s *session) publisherFor(r *plan.Run, gh config.GitHub, mode marketops.Mode, b *bars) (*publisher.Publisher, error) {
	port, ready, err := s.port(gh, writeCredential(r.Sources.Root, gh), mode, b)
	if err != nil {
		return nil, err
	}
	return &publisher.Publisher{Core: s.core, Log: s.view, Trust: s.trust, Signer: s.by, Port: port, Host: gh.Host(), Now: now,
		Random: rand.Reader, Ready: ready, Outbox: publisher.Outbox{Dir: filepath.Join(r.Dir, "outbox")},
		Tell: func(e publisher.Event) { s.Say("operation %d: %s %s", e.Number, e.Step, e.Detail) }}, nil
}

// port is the live port in prod alone, with what must hold before each claim; everything else gets
// one that can make no call and is never ready.
func (s *session) port(gh config.GitHub, c credential, mode marketops.Mode, b *bars) (publisher.SideEffectPort, readiness, error) {
	if mode != marketops.Prod {
		never := func(context.Context, time.Duration) error {
			return marketops.Refuse(marketops.ModeNotProd, string(mode))
		}
		return nullPort(), never, nil
	}
	memory, err := memoryDir()
	if err != nil {
		return nil, nil, err
	}
	pace := ratelimit.New(filepath.Join(memory, "pace"), ratelimit.GitHub(), c.name)
	live, err := github.New(github.Options{
		API: gh.API, Uploads: gh.Uploads, Roots: gh.Roots, Token: c.token, Denied: c.denied, Pacing: github.Paced(pace),
		Now: time.Now, Pauses: github.DefaultPauses(), UserAgent: "marketops/" + buildVersion(),
		Wait: func(reason string, d time.Duration) {
			s.Say("waiting %s: %s", d.Round(time.Second), reason)
			b.wait(reason, d)
		},
	})
	if err != nil {
		return nil, nil, err
	}
	ready := func(ctx context.Context, lasts time.Duration) error {
		if err := c.ready(ctx); err != nil {
			return err
		}
		return live.Ready(ctx, lasts)
	}
	return aimed{live}, ready, nil
}

// readiness is [publisher.Publisher.Ready].
type readiness = func(context.Context, time.Duration) error

func writeToken(dir, ref string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		secret, err := config.ReadSecret(dir, ref)
		if err != nil || secret.IsZero() {
			return "", &marketops.Failure{Code: marketops.TokenMissing, What: "the GitHub write credential (github.token: " + ref + ") is not there", Err: err}
		}
		return secret.Reveal(), nil
	}
}
