// Package next makes the next version of a trust file: what the commands that edit it have in common.
//
// The edited file takes the place of the old one, which stays beside it as trust-N.json: every version is needed for as long as
// records are judged by it. A version that is not active yet is edited in place and keeps its number, so that several edits make one version.
package next

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
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

	// Urgent brings a version that is not active yet forward, and never puts it off: it takes trust away.
	Urgent bool
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
		return cli.Usage("--in %s is before now", o.In)
	}
	path, err := find(e)
	if err != nil {
		return err
	}
	if _, err := load(path); err != nil {
		return err
	}
	unlock, err := lock(path)
	if err != nil {
		return err
	}
	defer unlock()
	old, err := load(path) // another command may have changed it before the lock
	if err != nil {
		return err
	}
	now := time.Now()
	pending, err := isPending(filepath.Dir(path), old, marketops.TimeOf(now))
	if err != nil {
		return err
	}
	made, err := o.edited(old, pending, marketops.TimeOf(now.Add(o.In)), edit)
	if err != nil {
		return err
	}
	return put(e, path, old, made, pending)
}

// edited returns the edited file, which shares nothing with the old one.
func (o Options) edited(old *trust.Trust, pending bool, effective marketops.Time, edit Edit) (*trust.Trust, error) {
	own, err := trust.Parse(old.Text())
	if err != nil {
		return nil, err
	}
	f := own.Next(effective)
	if pending {
		f = own.File()
	}
	if pending && f.Version > 1 {
		f.Effective = o.moved(f.Effective, effective)
	}
	if err := edit(&f); err != nil {
		return nil, err
	}
	made, err := encode(f)
	if err != nil {
		return nil, &marketops.Refusal{Code: marketops.ConfigInvalid, What: "the edited file would not be usable: " + reason(err), State: "nothing was changed", Next: "see the file: marketops trust show"}
	}
	return made, nil
}

// reason is an error without the code of a trust file that is missing.
func reason(err error) string {
	var r *marketops.Refusal
	if errors.As(err, &r) && r.Err != nil {
		return r.Err.Error()
	}
	return err.Error()
}

// moved returns when a version is active that was to be active at a time, and of which another time is asked.
func (o Options) moved(was, asked marketops.Time) marketops.Time {
	if o.Urgent {
		return min(was, asked)
	}
	return max(was, asked)
}

// lock keeps other commands from editing the file at the same time.
func lock(path string) (unlock func(), err error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, marketops.RefuseErr(marketops.TrustMissing, path, err)
	}
	defer root.Close()
	f, _, err := regular.OpenAs(root, filepath.Base(path)+".lock", os.O_RDWR|os.O_CREATE, nil)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.DiskFull, What: path + ".lock", State: "nothing was changed", Err: err}
	}
	if err := durable.Lock(f); err != nil {
		return nil, errors.Join(&marketops.Failure{Code: marketops.OperationInFlight, What: "another command edits " + path, State: "nothing was changed", Next: "type the same command again"}, f.Close())
	}
	return func() { durable.Unlock(f) }, nil
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
// has not come. It refuses one in whose place the Core has taken another.
func isPending(state string, t *trust.Trust, now marketops.Time) (bool, error) {
	_, err := regular.ReadPath(filepath.Join(state, "core.yaml"), maxCore)
	if errors.Is(err, fs.ErrNotExist) {
		return now < t.File().Effective, nil
	} else if err == nil {
		_, err = regular.ReadPath(filepath.Join(state, "records", log.TrustPath(t.Digest())), trust.MaxTrust)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, requireNewest(filepath.Join(state, "records", filepath.Dir(log.TrustPath(t.Digest()))), t)
}

// requireNewest refuses a version that is no newer than one of those that the Core has taken.
func requireNewest(folder string, t *trust.Trust) error {
	list, err := regular.EntriesPath(folder, maxVersions)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		path := filepath.Join(folder, e.Name())
		text, readErr := regular.ReadPath(path, trust.MaxTrust)
		taken, parseErr := trust.Parse(text)
		if readErr == nil && parseErr == nil && taken.Version() >= t.Version() {
			return &marketops.Refusal{Code: marketops.TrustRolledBack, What: fmt.Sprintf("the Core has taken another version %d than the one in place, which is version %d", taken.Version(), t.Version()),
				State: "nothing was changed", Next: "put the version that is active in its place, and edit that: " + path}
		}
	}
	return err
}

// maxVersions is how many versions a Core's folder of them may hold.
const maxVersions = 10_000

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
	e.Say("active from %s; next: give %s to every machine before that, with the versions before it to the Core's, and compare the digest there: marketops trust show", r.Effective, r.File)
	return e.Result(r)
}
