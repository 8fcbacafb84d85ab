package main

import (
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// audit judges a whole log.
func (s surroundings) audit(args []string) int {
	var o common
	var logDir, records, operations, previous string
	f := o.flags("audit")
	o.Bind(f)
	f.StringVar(&logDir, "log", "", "")
	f.StringVar(&records, "records", "", "")
	f.StringVar(&operations, "operations", "", "")
	f.StringVar(&previous, "previous", "", "")
	rest, err := parse(f, args)
	if err != nil {
		return s.wrong(err, auditUsage)
	}
	if len(rest) != 0 || logDir == "" || records == "" {
		return s.misused("audit takes --log and --records, and no argument", auditUsage)
	}
	t, err := o.load()
	if err != nil {
		return s.answer(verifier.Refused(verifier.OfAudit, verifier.CheckTrust, t, err), o)
	}
	files, err := audit.OpenFolder(logDir)
	if err != nil {
		return s.unread(verifier.OfAudit, o, err)
	}
	defer files.Close()
	store, err := audit.OpenFolder(records)
	if err != nil {
		return s.unread(verifier.OfAudit, o, err)
	}
	defer store.Close()
	options := audit.Options{At: o.At}
	if operations != "" {
		documents, err := audit.OpenFolder(operations)
		if err != nil {
			return s.unread(verifier.OfAudit, o, err)
		}
		defer documents.Close()
		options.Document = audit.Documents(documents)
	}
	if previous != "" {
		before, err := audit.OpenFolder(previous)
		if err != nil {
			return s.unread(verifier.OfAudit, o, err)
		}
		defer before.Close()
		options.Previous = before
	}
	return s.answer(audit.Audit(files, store, t, options), o)
}
