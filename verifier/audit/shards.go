package audit

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// CheckPrevious compares the log that was given as the one before with what the first leaf says.
const CheckPrevious = "previous-log"

// checkShards says which logs stand before and after this one, and compares the one before if it was given.
func (a *audit) checkShards() []string {
	if a.tracker == nil {
		return nil
	}
	genesis, sealed := a.tracker.Shards()
	if sealed != nil {
		a.report.Uncovered("the log that goes on after this one, which is frozen: " + sealed.Next)
	}
	if a.options.Previous == nil {
		if genesis != nil {
			p := genesis.Previous
			a.report.Uncovered(fmt.Sprintf("the log before this one, %s of %d entries: that it ended so (--previous), and what it holds, which is an audit of its own", p.Origin, p.Size))
		}
		return nil
	}
	if err := a.checkPrevious(genesis); err != nil {
		a.failErr(CheckPrevious, "", err)
	} else {
		p := genesis.Previous
		a.report.Pass(CheckPrevious, "", fmt.Sprintf("%s ended at size %d, as the first leaf says", p.Origin, p.Size))
		a.report.Uncovered(fmt.Sprintf("what the log before this one holds: audit %s by itself", p.Origin))
	}
	return []string{CheckPrevious}
}

func (a *audit) checkPrevious(genesis *receipt.ShardGenesis) error {
	if genesis == nil {
		return marketops.Refuse(marketops.OrderViolation, "the first leaf names no log before this one")
	}
	raw, err := a.options.Previous.ReadFile(log.CheckpointPath)
	if err != nil {
		return &marketops.Failure{Code: marketops.LogUnavailable, What: "the checkpoint of the log before", Err: err}
	}
	cp, err := a.trust.Log().Open(raw)
	if err != nil {
		return err
	}
	if got := receipt.SeenAt(cp); got != genesis.Previous {
		return marketops.Refuse(marketops.SplitView, fmt.Sprintf("the first leaf names %s of %d entries under %s, the log before has %s, %d, %s",
			genesis.Previous.Origin, genesis.Previous.Size, genesis.Previous.Root, got.Origin, got.Size, got.Root))
	}
	return nil
}
