package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	rowFile  = "log/claims/row.go"
	stepFile = "log/claims/step.go"
)

var claimsMutants = []mutant{
	{"door", "opening the door once only", "log/claims", "TestOneDoor", []overlay.Patch{
		{File: stepFile, Old: `t.loadHeld("execute", receipt, epoch, owner, Claimed)`,
			New: `t.loadHeld("execute", receipt, epoch, owner, Claimed)
		if errors.Is(err, ErrState) {
			c, err = t.loadHeld("execute", receipt, epoch, owner, Executing)
			return c.Claim, err
		}`, Import: "errors"},
	}},
	{"epoch", "fencing out an epoch that was overtaken", "log/claims", "TestTakeoverFencesTheOldEpoch", []overlay.Patch{
		{File: rowFile, Old: "case c.Epoch != epoch || c.Owner != owner:", New: "case false:"},
	}},
	{"expiry", "asking for expiry again before a visible effect", "log/claims", "TestExpiry", []overlay.Patch{
		{File: stepFile, Old: "err := t.fresh(c.ExpiresAt); err != nil {\n\t\t\treturn 0, err", New: "err := t.fresh(c.ExpiresAt); false {\n\t\t\treturn 0, err"},
	}},
}
