package plan

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
)

// evaluate applies the rules that need all publications at once.
func (e *engine) evaluate(context.Context) (string, error) {
	if err := e.refuseRivals(); err != nil {
		return "", err
	}
	e.refuseCollisions()
	e.refuseImpossible()
	if err := e.refuseOrphans(); err != nil {
		return "", err
	}
	e.noteLatest()
	e.noteHidden()
	return e.tally(), nil
}

// refuseImpossible refuses what no port could carry out: a receipt for it would only be wasted.
func (e *engine) refuseImpossible() {
	for _, c := range e.candidates {
		if c.isPlanned() && len(e.o.Preview(c.op)) == 0 {
			c.reject(deny(marketops.RuleDenied, fmt.Sprintf("this version cannot carry out %s", c.op.Kind),
				"leave it out, or use a version that can"))
		}
	}
}

// refuseRivals refuses every publication that shares its tag, or its head and base, with
// another: the order in the file must not decide which of them is meant. A release may come after its tag.
func (e *engine) refuseRivals() error {
	rivals := map[marketops.Digest][]*candidate{}
	for _, c := range e.candidates {
		if !c.known() || c.op.Resource() == "" {
			continue
		}
		key, err := c.op.Key()
		if err != nil {
			return err
		}
		rivals[key] = append(rivals[key], c)
	}
	for _, group := range rivals {
		for _, c := range group {
			for _, other := range group {
				if other != c && other.maker != c && c.maker != other && !mayShare(other, c) && !mayShare(c, other) {
					c.reject(deny(marketops.RuleDenied, fmt.Sprintf("publication %d takes %q too", other.number, c.op.Resource()),
						"keep one of them: publish_release makes its own tag, unless it says existing: true"))
					break
				}
			}
		}
	}
	return nil
}

// noteHidden warns of what the texts hold that people will not see on GitHub.
func (e *engine) noteHidden() {
	for _, c := range e.candidates {
		for _, what := range c.op.HiddenText() {
			c.find("hidden-text", document.Warning, what)
		}
	}
}

// noteLatest warns where the order of publishing decides which release is the latest.
func (e *engine) noteLatest() {
	first := map[int64]*candidate{}
	for _, c := range e.candidates {
		if !c.isPlanned() || c.op.Release == nil || c.op.Release.MakeLatest != "true" {
			continue
		}
		if other, ok := first[c.repo.ID]; ok {
			c.find("two-latest", document.Warning, fmt.Sprintf("publication %d asks to be the latest release too; the one published last wins", other.number))
			continue
		}
		first[c.repo.ID] = c
	}
}
