// Package next makes the next version of a trust file: what the commands that edit it have in common.
//
// The edited file takes the place of the old one, which stays beside it as trust-N.json: every version is needed for as long as
// records are judged by it. A version that is not active yet is edited in place and keeps its number, so that several edits make one version.
package next

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/trust/show"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/pflag"
)

// Within is how far ahead a new version becomes active unless the user says otherwise: time to hand it out.
const Within = 10 * time.Minute

// Options are those of every command that edits a trust file.
type Options struct {
	In time.Duration // from now until the version is active
}

// Bind adds the flags.
func (o *Options) Bind(f *pflag.FlagSet) {
	f.DurationVar(&o.In, "in", Within, "when the new version becomes active, from now on")
}

// Edit changes a file whose version, previous and effective are those of the new version.
type Edit func(*trust.File) error

// Result is the object of --json.
type Result struct {
	Schema    string           `json:"schema"`
	File      string           `json:"file"`
	Digest    marketops.Digest `json:"digest"`
	Version   int64            `json:"version"`
	Effective marketops.Time   `json:"effective"`
	Kept      string           `json:"kept,omitzero"` // where the version before is
	Changes   []string         `json:"changes"`
}

// Write makes the next version of the trust file of the flag, or of the state folder.
func Write(e *env.Env, o Options, edit Edit) error {
	if o.In < 0 {
		return marketops.Refuse(marketops.ConfigInvalid, "--in is before now")
	}
	path, err := find(e)
	if err != nil {
		return err
	}
	old, err := load(path)
	if err != nil {
		return err
	}
	now := time.Now()
	pending := isPending(filepath.Dir(path), old, marketops.TimeOf(now))
	made, err := edited(old, pending, marketops.TimeOf(now.Add(o.In)), edit)
	if err != nil {
		return err
	}
	return put(e, path, old, made, pending)
}

// edited returns the edited file, which shares nothing with the old one.
func edited(old *trust.Trust, pending bool, effective marketops.Time, edit Edit) (*trust.Trust, error) {
	own, err := trust.Parse(old.Text())
	if err != nil {
		return nil, err
	}
	f := own.Next(effective)
	if pending {
		f = own.File()
	}
	if pending && f.Version > 1 {
		f.Effective = max(f.Effective, effective)
	}
	if err := edit(&f); err != nil {
		return nil, err
	}
	return encode(f)
}

// find returns the path of the trust file.
func find(e *env.Env) (string, error) {
	if e.TrustFlag != "" {
		return e.TrustFlag, nil
	}
	state, err := env.State()
	return filepath.Join(state, "trust.json"), err
}

func load(path string) (*trust.Trust, error) {
	data, err := regular.ReadOwned(path, trust.MaxTrust)
	if err != nil {
		return nil, marketops.RefuseErr(regular.CodeOf(err, marketops.TrustMissing), path, err)
	}
	return trust.Parse(data)
}

// isPending reports whether a version is not active yet: the Core whose state folder this is has not taken it, or elsewhere its time
// has not come.
func isPending(state string, t *trust.Trust, now marketops.Time) bool {
	if _, err := regular.ReadPath(filepath.Join(state, "core.yaml"), maxCore); err != nil {
		return now < t.File().Effective
	}
	_, err := regular.ReadPath(filepath.Join(state, "records", log.TrustPath(t.Digest())), trust.MaxTrust)
	return errors.Is(err, fs.ErrNotExist)
}

// maxCore is how many bytes are read of a core.yaml to know that it is there.
const maxCore = 1 << 20

// encode returns the file as people read it, unless it would not be usable.
func encode(f trust.File) (*trust.Trust, error) {
	text, err := json.Marshal(f, jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	return trust.Parse(append(text, '\n'))
}

// put keeps the old version, puts the new one in its place, and says what changed.
func put(e *env.Env, path string, old, made *trust.Trust, pending bool) error {
	r := Result{"marketops.trust-version/v1", path, made.Digest(), made.Version(), made.File().Effective, "", show.Changes(old, made)}
	if !pending {
		r.Kept = filepath.Join(filepath.Dir(path), fmt.Sprintf("%s-%d.json", strings.TrimSuffix(filepath.Base(path), ".json"), old.Version()))
		if err := keep(r.Kept, old); err != nil {
			return err
		}
	}
	if err := durable.Write(path, made.Text()); err != nil {
		return &marketops.Failure{Code: marketops.DiskFull, What: path, State: "the old version is in place", Err: err}
	}
	return say(e, r)
}

// keep writes a version beside the file, unless it is there.
func keep(path string, t *trust.Trust) error {
	there, err := regular.ReadPath(path, trust.MaxTrust)
	if err == nil && marketops.DigestOf(there) == t.Digest() {
		return nil
	}
	if err == nil {
		return marketops.Refuse(marketops.TrustMissing, path+" is another version than the one that would be kept there: move it away")
	}
	if err := durable.Write(path, t.Text()); err != nil {
		return &marketops.Failure{Code: marketops.DiskFull, What: path, State: "nothing was changed", Err: err}
	}
	return nil
}

func say(e *env.Env, r Result) error {
	for _, l := range r.Changes {
		e.Print("%s", l)
	}
	e.Print("version %d  %s", r.Version, r.Digest)
	if r.Kept == "" {
		e.Say("version %d is not active yet, and was changed in place", r.Version)
	} else {
		e.Say("version %d is kept in %s", r.Version-1, r.Kept)
	}
	e.Say("next: give %s to every machine before %s, the Core's too, and compare the digest there: marketops trust show", r.File, r.Effective)
	return e.Result(r)
}
