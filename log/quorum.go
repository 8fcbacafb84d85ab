package log

import (
	"fmt"
	"sort"
	"strings"

	"github.com/omega/marketops"
)

// member is a witness or a group of a policy.
type member interface {
	// metAt returns the earliest time by which the member had cosigned.
	metAt(times map[keyID]marketops.Time) (marketops.Time, bool)
	describe() string
}

// witness is one cosigner.
type witness struct {
	name string // the name inside the policy
	id   keyID
}

func (w witness) metAt(times map[keyID]marketops.Time) (marketops.Time, bool) {
	t, ok := times[w.id]
	return t, ok
}

func (w witness) describe() string { return "1 of 1" }

// group is met when need of its members are.
type group struct {
	need    int // 1 ≤ need ≤ len(members)
	members []member
}

func (g group) metAt(times map[keyID]marketops.Time) (marketops.Time, bool) {
	var met []marketops.Time
	for _, m := range g.members {
		if t, ok := m.metAt(times); ok {
			met = append(met, t)
		}
	}
	if len(met) < g.need || g.need < 1 {
		return 0, false
	}
	sort.Slice(met, func(i, j int) bool { return met[i] < met[j] })
	return met[g.need-1], true
}

func (g group) describe() string {
	flat, parts := true, make([]string, len(g.members))
	for i, m := range g.members {
		if w, ok := m.(witness); ok {
			parts[i] = w.name
			continue
		}
		flat, parts[i] = false, m.describe()
	}
	if flat {
		return fmt.Sprintf("%d of %d", g.need, len(g.members))
	}
	return fmt.Sprintf("%d of (%s)", g.need, strings.Join(parts, ", "))
}
