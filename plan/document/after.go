package document

import (
	"fmt"
	"slices"

	"github.com/omega/marketops"
)

// Title names an operation for people: "tag_repo octo-org/gadgets refs/tags/v0.3.1".
func (o Operation) Title() string { return fmt.Sprintf("%s %s %s", o.Kind, o.Repository, o.Resource) }

// Reference names an operation beside its number: "operation 1 (tag_repo octo-org/gadgets refs/tags/v0.3.1)".
func (o Operation) Reference() string { return fmt.Sprintf("operation %d (%s)", o.Number, o.Title()) }

// Prerequisites returns the operations that must succeed before one of this digest, or nil.
func (p *Plan) Prerequisites(operation marketops.Digest) (out []Operation) {
	i := slices.IndexFunc(p.Operations, func(o Operation) bool { return o.Operation == operation })
	if i < 0 {
		return nil
	}
	for _, n := range p.Operations[i].After {
		out = append(out, p.Operations[n-1])
	}
	return out
}

// After returns the digests of [Plan.Prerequisites].
func (p *Plan) After(operation marketops.Digest) (out []marketops.Digest) {
	for _, o := range p.Prerequisites(operation) {
		out = append(out, o.Operation)
	}
	return out
}

// validateAfter refuses prerequisites that could not all come first. Where each number is below the operation's own,
// there is no cycle.
func (o Operation) validateAfter(operations int) error {
	if o.After != nil && len(o.After) == 0 {
		return fmt.Errorf("operation %d: after is empty", o.Number)
	}
	for i, n := range o.After {
		switch {
		case n < 1 || n > operations:
			return fmt.Errorf("operation %d: after names operation %d, and the plan has operations 1 to %d", o.Number, n, operations)
		case n == o.Number:
			return fmt.Errorf("operation %d: after names the operation itself", o.Number)
		case n > o.Number:
			return fmt.Errorf("operation %d: after names operation %d, which does not come before it", o.Number, n)
		case slices.Contains(o.After[:i], n):
			return fmt.Errorf("operation %d: after names operation %d twice", o.Number, n)
		case i > 0 && n < o.After[i-1]:
			return fmt.Errorf("operation %d: after is not in rising order", o.Number)
		}
	}
	return nil
}

// validateResources refuses two operations that take one resource, except a release that comes after the tag
// that it is made on.
func (p *Plan) validateResources() error {
	type place struct {
		repository int64
		resource   string
	}
	taken := map[place]Operation{}
	for _, o := range p.Operations {
		at := place{o.RepositoryID, o.Resource}
		first, isTaken := taken[at]
		if isTaken && !MayShare(first.Kind, o.Kind, slices.Contains(o.After, first.Number)) {
			return fmt.Errorf("operations take %.200q of repository %d twice", o.Resource, o.RepositoryID)
		}
		taken[at] = o
	}
	return nil
}

// MayShare reports whether two operations of one plan may take one resource: a tag, and a release that comes after
// it.
func MayShare(first, second marketops.Kind, isAfter bool) bool {
	return isAfter && first == marketops.TagRepo && second == marketops.PublishRelease
}
