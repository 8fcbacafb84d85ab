package gitobject

import (
	"fmt"
	"strings"
)

// Change puts a file at a path. An empty mode keeps the mode that the file has, or is [File] for a new one.
type Change struct{ Path, Mode, Blob string }

// Placed is a change as it was made: with its mode, and what was at its path before, if there was a file.
type Placed struct {
	Change
	Before Entry
}

// Collision is a change that would do more than put a file at its path.
type Collision struct {
	Path string // of the change
	At   string // what is in its way, the path itself or a part of it
	Is   string // what is there, in words
}

func (c *Collision) Error() string {
	if c.At == c.Path {
		return fmt.Sprintf("%q is %s, and the file would take its place", c.Path, c.Is)
	}
	return fmt.Sprintf("%q is %s, and the folder of %q would take its place", c.At, c.Is, c.Path)
}

// Apply computes the tree that files make of a base tree, and changes nothing outside their paths: what would
// is a [*Collision]. read returns a tree by its id; what it returns is believed only if it has that id. It is
// asked for the base and for each folder on the paths that is there. The placed changes are in the order given.
func Apply(base string, changes []Change, read func(id string) (Tree, error)) (result string, placed []Placed, err error) {
	a := &application{size: LengthOf(base), read: read, placed: make([]Placed, len(changes))}
	items := make([]item, len(changes))
	for i, c := range changes {
		parts := strings.Split(c.Path, "/")
		items[i] = item{i, parts[0], parts[1:]}
		a.placed[i].Change = c
	}
	if result, err = a.folder("", base, items); err != nil {
		return "", nil, err
	}
	return result, a.placed, nil
}

type application struct {
	size   Length
	read   func(id string) (Tree, error)
	placed []Placed
}

// item is one change, and what is left of its path below a name.
type item struct {
	number int
	name   string
	rest   []string
}

// byFirst groups items by their next name, in the order in which the names come.
func byFirst(items []item) (groups [][]item) {
	at := map[string]int{}
	for _, i := range items {
		n, ok := at[i.name]
		if !ok {
			n = len(groups)
			at[i.name], groups = n, append(groups, nil)
		}
		groups[n] = append(groups[n], i)
	}
	return groups
}

// below are items as they are seen from the folder of their name.
func below(items []item) (out []item) {
	for _, i := range items {
		out = append(out, item{i.number, i.rest[0], i.rest[1:]})
	}
	return out
}

// folder returns the id of the folder at a path, "" for a new one, with its changes made.
func (a *application) folder(at, id string, items []item) (string, error) {
	tree, err := a.open(at, id)
	if err != nil {
		return "", err
	}
	was, made := tree.byName(), []Entry{}
	for _, group := range byFirst(items) {
		name := group[0].name
		e, err := a.name(join(at, name), name, was[name], group)
		if err != nil {
			return "", err
		}
		made = append(made, e)
	}
	tree = tree.with(made)
	return a.size.Tree(tree)
}

func (a *application) open(at, id string) (Tree, error) {
	if id == "" {
		return nil, nil
	}
	tree, err := a.read(id)
	if err == nil {
		err = tree.check(id)
	}
	if err != nil {
		return nil, fmt.Errorf("the tree of %q: %w", at+"/", err)
	}
	return tree, nil
}

// name makes the changes at one name of a folder, where was is now.
func (a *application) name(at, name string, was Entry, items []item) (Entry, error) {
	first := a.placed[items[0].number].Path
	for _, i := range items {
		if len(i.rest) > 0 {
			continue
		}
		if len(items) > 1 {
			other := items[0]
			if other.number == i.number {
				other = items[1]
			}
			return Entry{}, &Collision{a.placed[other.number].Path, at, "a file of the same change set"}
		}
		return a.file(at, name, was, i.number)
	}
	if was.Mode != "" && was.Mode != Folder {
		return Entry{}, &Collision{first, at, was.What()}
	}
	id, err := a.folder(at, was.ID, below(items))
	return Entry{name, Folder, id}, err
}

// file puts one file in its place.
func (a *application) file(at, name string, was Entry, number int) (Entry, error) {
	if was.Mode != "" && !was.IsFile() {
		return Entry{}, &Collision{at, at, was.What()}
	}
	p := &a.placed[number]
	p.Before = was
	switch {
	case p.Mode != "":
	case was.Mode != "":
		p.Mode = was.Mode
	default:
		p.Mode = File
	}
	return Entry{name, p.Mode, p.Blob}, nil
}

func join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}
