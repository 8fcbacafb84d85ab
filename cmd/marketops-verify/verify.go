package main

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
)

// verify judges one pack or bundle.
func (s env) verify(args []string) int {
	var o common
	var more offline.Options
	f := o.flags("verify")
	more.Bind(f)
	rest, err := parse(f, args)
	if err != nil {
		return s.wrong(err, packUsage)
	}
	if len(rest) != 1 {
		return s.misused("name one pack or bundle", packUsage)
	}
	if o.Judging = more.Judging; more.At == 0 {
		more.At = marketops.TimeOf(s.now())
	}
	r, err := offline.Verify(rest[0], o.load, more)
	if err != nil {
		return s.unread(verifier.OfPack, o, err)
	}
	return s.answer(r, o)
}
