package claims_test

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log/claims"
)

// call and reply are one operation of the history as its caller saw it.
type call struct {
	Op      string
	Owner   crypto.KeyID
	Epoch   int64
	Outcome claims.Outcome
}

type reply struct {
	OK       bool
	Epoch    int64
	Attempts int
	Seen     view // of a read
	lost     bool // no answer came: it may have happened, or may yet, or never
}

type view struct {
	State    claims.State
	Outcome  claims.Outcome
	Owner    crypto.KeyID
	Epoch    int64
	Attempts int
}

// ideal is the claim of one receipt, sequentially.
type ideal struct {
	view
	said    call         // what was decided, byte for byte
	revoker crypto.KeyID // who revoked it
}

// step is the specification: what the call does, and whether that is what its caller was told.
func (s ideal) step(c call, r reply) (bool, ideal) {
	want, next := s.act(c)
	return r.lost || r == want, next
}

// maxAttempts is how many visible effects the ledger lets one receipt begin, over all epochs.
const maxAttempts = 16

// act is written without looking at a database. Every lease in the history has ended by the time of
// the next call, so a takeover is always in time.
func (s ideal) act(c call) (reply, ideal) {
	holds := s.Owner == c.Owner && s.Epoch == c.Epoch
	live := s.State == claims.Claimed || s.State == claims.Executing
	untried := live && s.Attempts == 0
	next, ok := s, false
	switch c.Op {
	case "claim":
		if ok = live && s.Owner == c.Owner && s.revoker == ""; s.State == "" {
			next, ok = ideal{view: view{State: claims.Claimed, Owner: c.Owner, Epoch: 1}}, true
		}
		return told(ok, next), next
	case "takeover":
		if ok = live; ok {
			next.Owner, next.Epoch = c.Owner, s.Epoch+1
		}
		return told(ok, next), next
	case "execute":
		if ok = s.State == claims.Claimed && holds; ok {
			next.State = claims.Executing
		}
	case "attempt":
		if ok = s.State == claims.Executing && holds && s.Attempts < maxAttempts; ok {
			next.Attempts++
			return reply{OK: true, Attempts: next.Attempts}, next
		}
	case "decide":
		switch {
		case !holds:
		case untried && c.Outcome == claims.Rejected, s.State == claims.Executing && c.Outcome != claims.Rejected:
			ok, next.State, next.Outcome, next.said = true, claims.Decided, c.Outcome, c
		case s.State == claims.Decided || s.State == claims.Closed:
			ok = s.said == c
		}
	case "close":
		if ok = s.Epoch == c.Epoch && (s.State == claims.Decided || s.State == claims.Closed); ok {
			next.State = claims.Closed
		}
	case "revoke":
		switch {
		case s.revoker == c.Owner:
			ok = true
		case s.State == "":
			ok, next = true, ideal{view: view{State: claims.Revoked, Owner: c.Owner}, revoker: c.Owner}
		case untried: // the ledger decides, and no publisher holds that epoch
			ok, next.State, next.Outcome, next.said, next.revoker = true, claims.Decided, claims.Rejected, c, c.Owner
			next.Epoch++
		}
	case "read":
		return reply{OK: true, Seen: s.view}, s
	}
	return reply{OK: ok}, next
}

func told(ok bool, next ideal) reply {
	if !ok {
		return reply{}
	}
	return reply{OK: true, Epoch: next.Epoch}
}

var model = porcupine.Model{
	Init:              func() any { return ideal{} },
	Step:              func(s, in, out any) (bool, any) { return s.(ideal).step(in.(call), out.(reply)) },
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v → %+v", in, out) },
}
