// Package runfolder reads and writes what commands keep in the folder of a run beside its plan:
// records as they were logged, each with its proof, and where its marketops.yaml lies.
package runfolder

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt/trust"
)

// configNote is the file of a run's folder that says which marketops.yaml it was planned from.
const configNote = "config.path"

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

// NoteConfig remembers which marketops.yaml a run was planned from.
func NoteConfig(r *plan.Run, path string) error {
	return r.Put(configNote, []byte(env.Absolute(path)+"\n"))
}

// ConfigPath returns what [NoteConfig] remembered.
func ConfigPath(r *plan.Run) (string, error) {
	path, err := r.Get(configNote, 4096)
	return strings.TrimSpace(string(path)), err
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
