package trust

import "github.com/omega/marketops/receipt"

// Course says which version of a trust file was in force from which place of one log on. Until a record
// says otherwise it is version 1.
type Course struct {
	newest *Trust
	steps  []Step
}

// Step is the place of a record that took a version into force.
type Step struct {
	Index uint64           `json:"index"`
	Trust receipt.TrustRef `json:"trust"`
}

// NewCourse returns the course of a log, under the newest version at hand and those before it; steps are known
// already, in their order.
func NewCourse(newest *Trust, steps ...Step) *Course { return &Course{newest, steps} }

// Steps returns what is known.
func (c *Course) Steps() []Step { return c.steps }

// Law returns the version under which a record is judged that stands above all that were adopted: the one in
// force, or the one that the record itself takes into force. Codes are those of [Trust.Named].
func (c *Course) Law(body receipt.Body) (*Trust, error) {
	if ref, takes := taken(body); takes {
		return c.newest.Named(ref)
	}
	if len(c.steps) == 0 {
		return c.newest.First()
	}
	return c.newest.Named(c.steps[len(c.steps)-1].Trust)
}

// At returns the version in force at a place, as [Course.Law] returned it for the record there.
func (c *Course) At(index uint64) (*Trust, error) {
	for i := len(c.steps) - 1; i >= 0; i-- {
		if c.steps[i].Index <= index {
			return c.newest.Named(c.steps[i].Trust)
		}
	}
	return c.newest.First()
}

// Adopt notes what an admitted record at a place takes into force: a later version than all before.
func (c *Course) Adopt(body receipt.Body, index uint64) {
	ref, takes := taken(body)
	if !takes || len(c.steps) > 0 && c.steps[len(c.steps)-1].Trust.Version >= ref.Version {
		return
	}
	c.steps = append(c.steps, Step{index, ref})
}

func taken(body receipt.Body) (ref receipt.TrustRef, takes bool) {
	switch b := body.(type) {
	case *receipt.TrustAdopted:
		return b.Trust, true
	case *receipt.ShardGenesis:
		return b.Trust, true
	}
	return ref, false
}
