package plan

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
)

// linkAfter tells each candidate which candidates it comes after.
func (e *engine) linkAfter() error {
	after, err := prerequisites(e.o.Publications)
	if err != nil {
		return marketops.RefuseErr(marketops.ConfigInvalid, "", err)
	}
	for i, list := range after {
		for _, n := range list {
			e.candidates[i].comeAfter(e.candidates[n])
		}
	}
	return nil
}

// comeAfter makes other a prerequisite.
func (c *candidate) comeAfter(other *candidate) {
	if other != c && !slices.Contains(c.after, other) {
		c.after = append(c.after, other)
	}
}

// numbersAfter returns the numbers of the operations that come before, which the plan has already.
func (c *candidate) numbersAfter() (out []int) {
	for _, other := range c.after {
		out = append(out, other.line)
	}
	slices.Sort(out)
	return out
}

// sorted returns the candidates in the order of their operations: prerequisites first, and as in the file otherwise.
// It fails for a cycle, which only rules that add prerequisites could have made.
func (e *engine) sorted() ([]*candidate, error) {
	after := make([][]int, len(e.candidates))
	for i, c := range e.candidates {
		for _, other := range c.after {
			after[i] = append(after[i], other.number-1)
		}
		slices.Sort(after[i])
	}
	order, cycle := sortByPrerequisite(after)
	if len(cycle) > 0 {
		return nil, marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("publication %d leads back to itself by what it comes after", cycle[0]+1))
	}
	out := make([]*candidate, len(order))
	for i, n := range order {
		out[i] = e.candidates[n]
	}
	return out, nil
}

// refuseOrphans refuses what comes after a publication that was refused.
func (e *engine) refuseOrphans() error {
	order, err := e.sorted()
	if err != nil {
		return err
	}
	for _, c := range order {
		for _, other := range c.after {
			told := other == c.maker && !c.isPlanned()
			if !other.isPlanned() && !told {
				c.reject(deny(marketops.RuleDenied, fmt.Sprintf("it comes after publication %d, which is not shipped", other.number),
					fmt.Sprintf("fix publication %d, or remove it from after", other.number)))
			}
		}
	}
	return nil
}

// mayShare reports whether two candidates for one resource may both be planned: one comes after the other, and they
// have no visible effect in common.
func mayShare(first, second *candidate) bool {
	return document.MayShare(first.pub.Kind, second.pub.Kind, slices.Contains(second.after, first)) &&
		!slices.ContainsFunc(first.op.Effects(), func(effect string) bool { return slices.Contains(second.op.Effects(), effect) })
}
