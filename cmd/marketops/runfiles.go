package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
)

// openRun finds and opens a run: a folder, or a run id below the state folder.
func openRun(arg string) (*plan.Run, error) {
	state, err := findState()
	if err != nil && !errors.Is(err, marketops.StateMissing) {
		return nil, err
	}
	dir, err := plan.FindRun(state, arg)
	if err != nil {
		return nil, err
	}
	return plan.Open(dir)
}

// proveEntry opens a record that the Core says it has logged, waits until a checkpoint covers it
// and proves that it stands there. The record must be of the wanted kind.
func (s *session) proveEntry(ctx context.Context, e api.Entry, kind receipt.Kind) (*receipt.Record, *log.Proof, error) {
	rec, _, err := s.trust.Open(e.Envelope, now(), &e.Position)
	if err != nil {
		return nil, nil, err
	}
	if rec.Body.Kind() != kind {
		return nil, nil, marketops.Refuse(marketops.PredicateTypeWrong, fmt.Sprintf("the Core answered with a %s for a %s", rec.Body.Kind(), kind))
	}
	proof, _, err := s.view.Prove(ctx, rec.LeafHash(), e.Position)
	return rec, proof, err
}

// saveEntry keeps a record and its proof in the run's folder.
func saveEntry(r *plan.Run, name string, envelope []byte, proof *log.Proof) error {
	return errors.Join(r.Put(name+".json", envelope), r.Put(name+".tlog-proof", proof.Format()))
}

// loadEntry reads a record and where it stands; a missing record is an entry without envelope.
func (s *session) loadEntry(r *plan.Run, name string) (api.Entry, error) {
	env, err := r.Get(name+".json", crypto.MaxEnvelope)
	if errors.Is(err, fs.ErrNotExist) {
		return api.Entry{}, nil
	}
	if err != nil {
		return api.Entry{}, err
	}
	e := api.Entry{Envelope: env}
	text, err := r.Get(name+".tlog-proof", log.MaxProof)
	if err != nil {
		return e, nil // the gate says that it is not proved
	}
	if p, err := log.ParseProof(text); err == nil {
		if cp, err := s.trust.Log().Open(p.Checkpoint); err == nil {
			e.Position = log.Position{Origin: cp.Origin, Index: p.Index}
		}
	}
	return e, nil
}

// loadFolder reads every record of a sub-folder whose name begins with prefix and then ends or
// goes on with "-": "1.json" and "1-b.json", not "10.json".
func (s *session) loadFolder(r *plan.Run, dir, prefix string) (out []api.Entry, err error) {
	names, err := r.List(dir)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		base, isRecord := strings.CutSuffix(n, ".json")
		if rest, ok := strings.CutPrefix(base, prefix); !isRecord || !ok || prefix != "" && rest != "" && rest[0] != '-' {
			continue
		}
		e, err := s.loadEntry(r, dir+"/"+base)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// submissionOf returns the logged submission of a run, opened, from the Core.
func (s *session) submissionOf(ctx context.Context, r *plan.Run) (*receipt.Record, *receipt.Submission, error) {
	all, err := s.core.Records(ctx, r.Info.RunID)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	for _, e := range all.Entries {
		if e.Name != receipt.KindSubmission {
			continue
		}
		rec, _, err := s.proveEntry(ctx, e, receipt.KindSubmission)
		if err != nil {
			return nil, nil, err
		}
		sub := rec.Body.(*receipt.Submission)
		if sub.RunID != r.Info.RunID || sub.Plan != r.PlanDigest {
			return nil, nil, marketops.Refuse(marketops.PlanMismatch, "the plan in this folder is not the one that was submitted for the run")
		}
		return rec, sub, nil
	}
	return nil, nil, &marketops.Refusal{Code: marketops.StateMissing, What: "the run was not submitted yet", Next: "marketops submit RUN"}
}
