package offline

import (
	"errors"
	"flag"
)

// AuditOptions are what a caller asks of an audit of a log.
type AuditOptions struct {
	Judging
	Log, Records string // where they are; a caller may have a default
	Operations   string // folder of operation documents; "": a caller's default, or none
	Previous     string // the log before this one; "": none
	Since        string // file with a checkpoint of this log; "": none
	Evidence     string // file to write; "": a name in the current folder
	Resume       string // file that keeps the state; "": none
	HashOnly     bool
}

// Bind defines the flags.
func (o *AuditOptions) Bind(f *flag.FlagSet) {
	o.Judging.Bind(f)
	f.Func("log", "the log: checkpoint and tile/ (default: .marketops/log)", text(&o.Log))
	f.Func("records", "the record store (default: .marketops/records)", text(&o.Records))
	f.Func("operations", "operation documents, each named by its digest: what receipts allowed (default: .marketops/documents)", text(&o.Operations))
	f.Func("previous", "the frozen log that this log continues: did it end as the first leaf says", text(&o.Previous))
	f.Func("since", "a `file` with a checkpoint that you kept: the log must extend it, and what is new is counted", text(&o.Since))
	bindEvidence(f, &o.Evidence)
	f.Func("resume", "a `file` to continue from and to keep the state in; no other user may write to it", text(&o.Resume))
	f.BoolVar(&o.HashOnly, "hash-only", false, `compare the leaves with the root and nothing else; never "verified"`)
}

// Check refuses flags that contradict each other.
func (o *AuditOptions) Check() error {
	if o.HashOnly && o.Resume != "" {
		return errors.New("--hash-only keeps no state to --resume from")
	}
	return nil
}
