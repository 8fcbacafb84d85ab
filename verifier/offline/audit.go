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
	f.StringVar(&o.Log, "log", "", "the log: checkpoint and tile/ (default: .marketops/log)")
	f.StringVar(&o.Records, "records", "", "the record store (default: .marketops/records)")
	f.StringVar(&o.Operations, "operations", "", "operation documents, each named by its digest: what receipts allowed (default: .marketops/documents)")
	f.StringVar(&o.Previous, "previous", "", "the frozen log that this log continues: did it end as the first leaf says")
	f.StringVar(&o.Since, "since", "", "a `file` with a checkpoint that you kept: the log must extend it, and what is new is counted")
	bindEvidence(f, &o.Evidence)
	f.StringVar(&o.Resume, "resume", "", "a `file` to continue from and to keep the state in; no other user may write to it")
	f.BoolVar(&o.HashOnly, "hash-only", false, `compare the leaves with the root and nothing else; never "verified"`)
}

// Check refuses flags that contradict each other.
func (o *AuditOptions) Check() error {
	if o.HashOnly && o.Resume != "" {
		return errors.New("--hash-only keeps no state to --resume from")
	}
	return nil
}
