// Package session is the connection of one command to the Federation Core, and its own verified view
// of the log. What the Core says is never believed: records are opened with the keys of trust.json
// and proved to be in the log.
package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// Session is one command's connection: state folder, trust, Core and its own view of the log.
type Session struct {
	*env.Env
	State string
	Trust *trust.Trust
	Core  *api.Client
	View  *view.View
	By    crypto.Signer // signs the calls; nil for reading only
}

// Connect opens a session; key names the private key for signed calls, "" for reading only.
// fromFile is the core: setting of a marketops.yaml, if the command has read one.
func Connect(e *env.Env, key, fromFile string) (*Session, error) {
	state, err := env.State()
	if err != nil {
		return nil, err
	}
	s := &Session{Env: e, State: state}
	if s.Trust, err = e.LoadTrust(state); err != nil {
		return nil, err
	}
	if key != "" {
		if s.By, err = e.LoadKey(key); err != nil {
			return nil, err
		}
	}
	address, err := e.CoreAddress(state, fromFile)
	if err != nil {
		return nil, err
	}
	if s.Core, err = Dial(e, state, s.Trust, s.By, address); err != nil {
		return nil, err
	}
	memory, err := env.Memory()
	if err != nil {
		return nil, err
	}
	if s.Trust, err = s.Trust.With(func(d marketops.Digest) []byte { return s.former(filepath.Join(memory, "trust"), d) }); err != nil {
		return nil, err
	}
	s.View = view.New(s.Core, s.Trust.Log(), filepath.Join(memory, "checkpoints"))
	return s, s.rememberTrust(filepath.Join(memory, "trust"))
}

// ConnectAs connects with a key of the state folder unless the user named another.
func ConnectAs(e *env.Env, key, name, fromFile string) (*Session, error) {
	state, err := env.State()
	if err != nil {
		return nil, err
	}
	return Connect(e, env.KeyPath(state, key, name), fromFile)
}

// rememberTrust refuses a trust file that is older than one that this user has gone by for the
// same log.
func (s *Session) rememberTrust(dir string) error {
	seen, err := rememberHighest(dir, s.Trust.Log().Logs()[0].Vkey, s.Trust.Version())
	if err != nil {
		return err
	}
	if seen > s.Trust.Version() {
		return marketops.Refuse(marketops.TrustRolledBack, "trust.json is older than one that was used before")
	}
	return nil
}

// Prove opens a record that the Core says it has logged, waits until a checkpoint covers it and
// proves that it stands there. The record must be of the wanted kind.
func (s *Session) Prove(ctx context.Context, e api.Entry, kind receipt.Kind) (*receipt.Record, *log.Proof, error) {
	rec, _, err := s.Trust.Open(e.Envelope, cli.Now(), &e.Position)
	if err != nil {
		return nil, nil, err
	}
	if rec.Body.Kind() != kind {
		return nil, nil, marketops.Refuse(marketops.PredicateTypeWrong, fmt.Sprintf("the Core answered with a %s for a %s", rec.Body.Kind(), kind))
	}
	proof, _, err := s.View.Prove(ctx, rec.LeafHash(), e.Position)
	return rec, proof, err
}

// Records returns what the log holds of a run; a run that was never submitted has no records.
func (s *Session) Records(ctx context.Context, run marketops.RunID) (api.RunRecords, error) {
	all, err := s.Core.Records(ctx, run)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return all, err
}

// Submission returns the logged submission of a run, opened, from the Core.
func (s *Session) Submission(ctx context.Context, r *plan.Run) (*receipt.Record, *receipt.Submission, error) {
	all, err := s.Records(ctx, r.Info.RunID)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range all.Entries {
		if e.Name != receipt.KindSubmission {
			continue
		}
		rec, _, err := s.Prove(ctx, e, receipt.KindSubmission)
		if err != nil {
			return nil, nil, err
		}
		sub := rec.Body.(*receipt.Submission)
		if sub.RunID != r.Info.RunID || sub.Plan != r.PlanDigest {
			return nil, nil, marketops.Refuse(marketops.PlanMismatch, "the plan in this folder is not the one that was submitted for the run")
		}
		return rec, sub, nil
	}
	return nil, nil, &marketops.Refusal{Code: marketops.StateMissing, What: "the run was not submitted yet, or the key that reads may not see it", Next: "marketops submit RUN"}
}
