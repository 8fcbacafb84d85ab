package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MaxID is how many bytes the id of a publication has at most.
const MaxID = 64

var idRE = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// OrderError says which member of which publication makes an order impossible.
type OrderError struct {
	Index int    // of the publication, from 0
	Key   string // "id" or "after"
	Why   string
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("publications[%d].%s %s", e.Index, e.Key, e.Why)
}

// CheckOrder refuses ids and prerequisites of publications that no order could satisfy, with an [*OrderError].
func CheckOrder(pubs []Publication) error {
	_, err := prerequisites(pubs)
	return err
}

// prerequisites returns for each publication the indexes of those that must succeed before it, rising.
func prerequisites(pubs []Publication) ([][]int, error) {
	byID, err := indexIDs(pubs)
	if err != nil {
		return nil, err
	}
	out := make([][]int, len(pubs))
	for i, p := range pubs {
		if out[i], err = lookUpIDs(i, p.After, byID); err != nil {
			return nil, err
		}
	}
	_, cycle := sortByPrerequisite(out)
	if len(cycle) > 0 {
		return nil, &OrderError{cycle[0], "after", "leads back to the publication itself: " + namesOf(pubs, append(cycle, cycle[0]))}
	}
	return out, nil
}

// namesOf says which publications come before which, by their ids.
func namesOf(pubs []Publication, indexes []int) string {
	var ids []string
	for _, i := range indexes {
		ids = append(ids, pubs[i].ID)
	}
	return strings.Join(ids, " after ")
}

func indexIDs(pubs []Publication) (map[string]int, error) {
	byID := map[string]int{}
	for i, p := range pubs {
		if p.ID == "" {
			continue
		}
		if !idRE.MatchString(p.ID) {
			return nil, &OrderError{i, "id", fmt.Sprintf("is %.100q: want 1 to %d letters, digits, dots, hyphens and underscores, a letter or digit first", p.ID, MaxID)}
		}
		if other, taken := byID[p.ID]; taken {
			return nil, &OrderError{i, "id", fmt.Sprintf("is %q, and so is that of publications[%d]", p.ID, other)}
		}
		byID[p.ID] = i
	}
	return byID, nil
}

func lookUpIDs(index int, ids []string, byID map[string]int) (out []int, err error) {
	for _, id := range ids {
		at, known := byID[id]
		switch {
		case !known:
			return nil, &OrderError{index, "after", fmt.Sprintf("names %.100q, which is the id of no publication", id)}
		case at == index:
			return nil, &OrderError{index, "after", "names the publication itself"}
		case slices.Contains(out, at):
			return nil, &OrderError{index, "after", fmt.Sprintf("names %q twice", id)}
		}
		out = append(out, at)
	}
	slices.Sort(out)
	return out, nil
}

// sortByPrerequisite returns the indexes so that each comes after its prerequisites and the order is kept otherwise,
// or those of a cycle, each after the next.
func sortByPrerequisite(after [][]int) (order, cycle []int) {
	var path []int
	placed := make([]bool, len(after))
	var place func(int) bool
	place = func(i int) bool {
		if at := slices.Index(path, i); at >= 0 {
			cycle = slices.Clone(path[at:])
			return false
		}
		path = append(path, i)
		for _, n := range after[i] {
			if !placed[n] && !place(n) {
				return false
			}
		}
		path = path[:len(path)-1]
		placed[i], order = true, append(order, i)
		return true
	}
	for i := range after {
		if !placed[i] && !place(i) {
			return nil, cycle
		}
	}
	return order, nil
}
