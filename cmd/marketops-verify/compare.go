package main

import (
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
)

// compare looks for two histories of one log.
func (s env) compare(args []string) int {
	var o common
	names, err := parse(o.flags("compare"), args)
	if err != nil {
		return s.wrong(err, compareUsage)
	}
	if len(names) == 0 {
		return s.misused("name files with checkpoints", compareUsage)
	}
	t, err := o.load()
	if err != nil {
		return s.answer(verifier.Refused(verifier.OfCheckpoints, verifier.CheckTrust, t, err), o)
	}
	var files []verifier.Evidence
	for _, name := range names {
		b, err := offline.ReadFile(name, verifier.MaxEvidence)
		if err != nil {
			return s.unread(verifier.OfCheckpoints, o, err)
		}
		files = append(files, verifier.Evidence{Name: name, Text: b})
	}
	return s.answer(verifier.Compare(files, t), o)
}
