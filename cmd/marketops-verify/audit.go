package main

import (
	"crypto/rand"

	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/offline"
)

// auditing is what the audit command takes.
type auditing struct {
	common
	log, records, operations, previous string
	since, evidence, resume            string
	hashOnly                           bool
}

// audit judges a whole log.
func (s env) audit(args []string) int {
	var o auditing
	f := o.flags("audit")
	o.Bind(f)
	f.StringVar(&o.log, "log", "", "")
	f.StringVar(&o.records, "records", "", "")
	f.StringVar(&o.operations, "operations", "", "")
	f.StringVar(&o.previous, "previous", "", "")
	f.StringVar(&o.since, "since", "", "")
	offline.BindEvidence(f, &o.evidence)
	f.StringVar(&o.resume, "resume", "", "")
	f.BoolVar(&o.hashOnly, "hash-only", false, "")
	rest, err := parse(f, args)
	if err != nil {
		return s.wrong(err, auditUsage)
	}
	switch {
	case len(rest) != 0 || o.log == "" || o.records == "" && !o.hashOnly:
		return s.misused("audit takes --log and --records, and no argument", auditUsage)
	case o.hashOnly && o.resume != "":
		return s.misused("--hash-only keeps no state to --resume from", auditUsage)
	}
	t, err := o.load()
	if err != nil {
		return s.answer(verifier.Refused(verifier.OfAudit, verifier.CheckTrust, t, err), o.common)
	}
	options, err := s.options(o)
	if err != nil {
		return s.unread(verifier.OfAudit, o.common, err)
	}
	folders, err := openAll(o.log, o.records, o.operations, o.previous)
	defer closeAll(folders)
	if err != nil {
		return s.unread(verifier.OfAudit, o.common, err)
	}
	if folders[2] != nil {
		options.Document = audit.Documents(folders[2])
	}
	if folders[3] != nil {
		options.Previous = folders[3]
	}
	p := audit.NewProgress(s.err, s.terminal, s.now)
	if !o.json && !o.quiet {
		options.Progress = p.Step
	}
	r := audit.Audit(folders[0], folders[1], t, options)
	p.Done()
	offline.Keep(r, o.evidence)
	return s.answer(r, o.common)
}

// options reads what the audit rests on beside the log.
func (s env) options(o auditing) (a audit.Options, err error) {
	a = audit.Options{At: o.At, HashOnly: o.hashOnly, Program: version}
	if _, err = rand.Read(a.Secret[:]); err != nil {
		return a, err
	}
	if o.since != "" {
		if a.Since, err = offline.ReadFile(o.since, log.MaxCheckpoint); err != nil {
			return a, err
		}
	}
	if o.resume != "" {
		file := audit.StateFile(o.resume)
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
