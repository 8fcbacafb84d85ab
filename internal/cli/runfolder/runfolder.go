// Package runfolder reads and writes what commands keep in the folder of a run beside its plan:
// records as they were logged, each with its proof. Where its marketops.yaml lies is kept in the state folder.
package runfolder

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt/trust"
)

const maxNote = 4096 // bytes of a path

// Find finds and opens a run: a folder, or a run id below the state folder.
func Find(arg string) (*plan.Run, error) {
	state, err := env.State()
	if err != nil && !errors.Is(err, marketops.StateMissing) {
		return nil, err
	}
	dir, err := plan.FindRun(state, arg)
	if err != nil {
		return nil, err
	}
	return plan.Open(dir)
}

// NoteConfig remembers in the state folder which marketops.yaml a run was planned from. It is not remembered in the run
// folder, which may come from a stranger: that file says which credential is read and which certificates are believed.
func NoteConfig(state string, r *plan.Run, path string) error {
	if err := durable.Write(notePath(state, r.Info.RunID), []byte(env.Absolute(path)+"\n")); err != nil {
		return &marketops.Failure{Code: marketops.DiskFull, What: "it cannot be noted which file was planned from", Err: err}
	}
	return nil
}

// ConfigPath returns what [NoteConfig] remembered, or for a run that was planned elsewhere the marketops.yaml beside
// the state folder.
func ConfigPath(state string, run marketops.RunID) (string, error) {
	path, err := regular.ReadOwned(notePath(state, run), maxNote)
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(filepath.Dir(state), "marketops.yaml"), nil
	}
	if err != nil {
		return "", marketops.RefuseErr(regular.CodeOf(err, marketops.StateMissing), "which marketops.yaml the run was planned from", err)
	}
	return strings.TrimSpace(string(path)), nil
}

func notePath(state string, run marketops.RunID) string {
	return filepath.Join(state, "planned", string(run))
}

// Save keeps a record and its proof in the run's folder.
func Save(r *plan.Run, name string, envelope []byte, proof *log.Proof) error {
	return errors.Join(r.Put(name+".json", envelope), r.Put(name+".tlog-proof", proof.Format()))
}

// Load reads a record and where it stands; a missing record is an entry without envelope.
func Load(r *plan.Run, t *trust.Trust, name string) (api.Entry, error) {
	envelope, err := r.Get(name+".json", crypto.MaxEnvelope)
	if errors.Is(err, fs.ErrNotExist) {
		return api.Entry{}, nil
	}
	if err != nil {
		return api.Entry{}, err
	}
	e := api.Entry{Envelope: envelope}
	text, err := r.Get(name+".tlog-proof", log.MaxProof)
	if err != nil {
		return e, nil // the gate says that it is not proved
	}
	if p, err := log.ParseProof(text); err == nil {
		if cp, err := t.Log().Open(p.Checkpoint); err == nil {
			e.Position = log.Position{Origin: cp.Origin, Index: p.Index}
		}
	}
	return e, nil
}

// LoadAll reads every record of a sub-folder whose name begins with prefix and then ends or
// goes on with "-": "1.json" and "1-b.json", not "10.json".
func LoadAll(r *plan.Run, t *trust.Trust, dir, prefix string) (out []api.Entry, err error) {
	names, err := r.List(dir)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		base, isRecord := strings.CutSuffix(n, ".json")
		if rest, ok := strings.CutPrefix(base, prefix); !isRecord || !ok || prefix != "" && rest != "" && rest[0] != '-' {
			continue
		}
		e, err := Load(r, t, dir+"/"+base)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
