package main

import (
	"context"
	"crypto/rand"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

func newSubmit(g *globals) *cobra.Command {
	var key string
	c := &cobra.Command{
		Use:   "submit RUN",
		Short: "Ask the Federation Core for authority over a run",
		Long: `Hand the plan of a run to the Federation Core, signed with your requester key. The Core reviews it
under its own policy and records the submission; nothing is authorised yet.`,
		Args: cli.Args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return g.submit(c.Context(), args[0], key) },
	}
	c.Flags().StringVar(&key, "key", "", "your private key: a file or env://NAME (default: .marketops/keys/requester.pem)")
	return c
}

func (g *globals) submit(ctx context.Context, arg, key string) error {
	r, err := openRun(arg)
	if err != nil {
		return err
	}
	defer r.Close()
	if len(r.Operations) == 0 {
		return marketops.Refuse(marketops.NothingSelected, "the plan has no operations")
	}
	s, err := g.connectAs(key, "requester", r.Info.Core)
	if err != nil {
		return err
	}
	sub, err := s.submission(r)
	if err != nil {
		return err
	}
	e, err := s.core.Submit(ctx, sub)
	if err != nil {
		return err
	}
	_, proof, err := s.proveEntry(ctx, e, receipt.KindSubmission)
	if err != nil {
		return err
	}
	if err := saveEntry(r, "submission", e.Envelope, proof); err != nil {
		return err
	}
	g.Print("submitted %s: %s, plan %s, leaf %d", r.Info.RunID, cli.Count(len(r.Operations), "operation"), r.PlanDigest.Short(), e.Position.Index)
	g.Say("next: marketops approve %s --key KEY (by another person), then marketops authorize %s", arg, arg)
	return g.Result(entryResult("marketops.submit/v1", r.Info.RunID, e))
}

// submission seals the record and gathers what the Core judges by.
func (s *session) submission(r *plan.Run) (api.Submit, error) {
	head, err := receipt.NewHeader(rand.Reader, now())
	if err != nil {
		return api.Submit{}, err
	}
	holder, ok := s.trust.Holder(s.by.Public().ID())
	if !ok || holder.Role != trust.RolePerson {
		return api.Submit{}, marketops.Refuse(marketops.ApproverUnknown, "the key is not that of a person in trust.json")
	}
	findings, err := canon.Encode(r.Plan.Findings)
	if err != nil {
		return api.Submit{}, err
	}
	rejected, err := canon.Encode(r.Plan.Rejected)
	if err != nil {
		return api.Submit{}, err
	}
	body := &receipt.Submission{Header: head, RunID: r.Info.RunID, Requester: holder.Name, Plan: r.PlanDigest,
		Findings: head.Salted(findings), NotShipped: head.Salted(rejected)}
	for _, op := range r.Plan.Operations {
		body.Operations = append(body.Operations, op.Operation)
	}
	rec, err := receipt.Seal(body, s.by, receipt.SubjectOf("plan.json", r.PlanDigest))
	if err != nil {
		return api.Submit{}, err
	}
	texts := []api.Evidence{{Digest: body.Findings, Text: findings}, {Digest: body.NotShipped, Text: rejected}}
	return api.Submit{Envelope: rec.Envelope, Plan: r.PlanBytes, Operations: r.Documents, Evidence: texts}, nil
}

// connectAs connects with a key of the state folder unless the user named another.
func (g *globals) connectAs(key, name, fromFile string) (*session, error) {
	state, err := findState()
	if err != nil {
		return nil, err
	}
	return g.connect(keyPath(state, key, name), fromFile)
}

// entryView is one logged record in --json.
type entryView struct {
	Schema string           `json:"schema"`
	Run    marketops.RunID  `json:"run"`
	Record receipt.Kind     `json:"record"`
	Digest marketops.Digest `json:"digest"`
	Origin string           `json:"origin"`
	Leaf   uint64           `json:"leaf"`
}

func entryResult(schema string, run marketops.RunID, e api.Entry) entryView {
	return entryView{schema, run, e.Name, e.Digest, e.Position.Origin, e.Position.Index}
}
