// Package audit is the command of marketops-verify that judges a whole log.
package audit

import (
	"crypto/rand"
	"errors"

	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/internal/version"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/offline"
)

// Usage explains the command.
const Usage = `usage: marketops-verify audit --log DIR --records DIR --trust FILE [flags]
  --log DIR                  the log: checkpoint and tile/
  --records DIR              the record store
  --operations DIR           operation documents, each named by its digest: what receipts allowed
  --previous DIR             the frozen log that this log continues: did it end as the first leaf says
  --since FILE               a checkpoint of this log that you kept: the log must extend it, and what is
                             new is counted; a fork or a rollback leaves evidence in --evidence FILE
  --resume FILE              continue from this file, and keep the state in it; no other user may write to it
  --hash-only                compare the leaves with the root and nothing else; never "verified"
  --at TIME                  raise the log's own time to this, to find missing outcomes
  and --trust-history, --trust-digest, --min-trust-version, --json, --quiet as above
`

// Options are what the command line says.
type Options struct {
	auditor.Options
	Audit offline.AuditOptions
}

// Run runs the command and returns the exit code.
func Run(e *auditor.Env, args []string) int {
	o, err := parse(args)
	if err != nil {
		return e.Misused(err, Usage)
	}
	return run(e, o)
}

func parse(args []string) (*Options, error) {
	o := &Options{}
	rest, err := auditor.TakeFlags(args, o.Bind, o.Audit.Bind)
	if err != nil {
		return o, err
	}
	if len(rest) != 0 || o.Audit.Log == "" || o.Audit.Records == "" && !o.Audit.HashOnly {
		return o, errors.New("audit takes --log and --records, and no argument")
	}
	return o, o.Audit.Check()
}

func run(e *auditor.Env, o *Options) int {
	t, err := o.LoadTrust(o.Audit.Pin)
	if err != nil {
		return e.Answer(verifier.Refused(verifier.OfAudit, verifier.CheckTrust, t, err), &o.Options)
	}
	options, err := prepare(&o.Audit)
	if err != nil {
		return e.Unread(verifier.OfAudit, &o.Options, err)
	}
	folders, err := openAll(o.Audit.Log, o.Audit.Records, o.Audit.Operations, o.Audit.Previous)
	defer closeAll(folders)
	if err != nil {
		return e.Unread(verifier.OfAudit, &o.Options, err)
	}
	options.Operations = folders[2]
	if folders[3] != nil {
		options.Previous = folders[3]
	}
	p := audit.NewProgress(e.Err, e.Terminal, e.Now)
	if !o.JSON && !o.Quiet {
		options.Progress = p.Step
	}
	r := audit.Audit(folders[0], folders[1], t, options)
	p.Done()
	offline.Keep(r, o.Audit.Evidence)
	return e.Answer(r, &o.Options)
}

// prepare reads what the audit rests on beside the log.
func prepare(o *offline.AuditOptions) (a audit.Options, err error) {
	a = audit.Options{At: o.At, Former: o.Former, HashOnly: o.HashOnly, Program: version.String()}
	if _, err = rand.Read(a.Secret[:]); err != nil {
		return a, err
	}
	if o.Since != "" {
		if a.Since, err = offline.ReadFile(o.Since, log.MaxCheckpoint); err != nil {
			return a, err
		}
	}
	if o.Resume != "" {
		file := audit.StateFile(o.Resume)
		a.Save = file.Save
		a.State, err = file.Load()
	}
	return a, err
}

// openAll opens folders; one without a name is nil.
func openAll(dirs ...string) ([]*audit.Folder, error) {
	out := make([]*audit.Folder, len(dirs))
	for i, dir := range dirs {
		if dir == "" {
			continue
		}
		var err error
		if out[i], err = audit.OpenFolder(dir); err != nil {
			return out, err
		}
	}
	return out, nil
}

func closeAll(folders []*audit.Folder) {
	for _, f := range folders {
		if f != nil {
			_ = f.Close()
		}
	}
}
