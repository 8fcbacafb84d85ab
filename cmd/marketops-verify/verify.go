package main

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
)

// verify judges one pack.
func (s surroundings) verify(args []string) int {
	var o common
	rest, err := parse(o.flags("verify"), args)
	if err != nil {
		return s.wrong(err, packUsage)
	}
	if len(rest) != 1 {
		return s.misused("name one pack", packUsage)
	}
	if o.at == 0 {
		o.at = marketops.TimeOf(s.now())
	}
	f, size, err := open(rest[0])
	if err != nil {
		return s.unread(verifier.OfPack, o, err)
	}
	defer f.Close()
	t, err := o.load()
	if err != nil {
		return s.answer(verifier.Refused(verifier.OfPack, verifier.CheckTrust, t, err), o)
	}
	p, err := pack.Read(f, size)
	if err != nil && marketops.CodeOf(err) == "" {
		return s.unread(verifier.OfPack, o, err)
	}
	if err != nil {
		return s.answer(verifier.Refused(verifier.OfPack, verifier.CheckPack, t, err), o)
	}
	return s.answer(verifier.Verify(p, t, o.at), o)
}
