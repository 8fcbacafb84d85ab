package gitobject

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The modes of an entry, as git writes them.
const (
	File       = "100644"
	Executable = "100755"
	Link       = "120000"
	Folder     = "40000"
	Submodule  = "160000"
)

// Entry is one name in a tree. The zero value is no entry.
type Entry struct{ Name, Mode, ID string }

// IsFile reports whether an entry is a file, of one of the two modes that git writes today.
func (e Entry) IsFile() bool { return e.Mode == File || e.Mode == Executable }

// What says in words what an entry is.
func (e Entry) What() string {
	switch e.Mode {
	case "":
		return "nothing"
	case File, Executable:
		return "a file"
	case Link:
		return "a symbolic link"
	case Folder:
		return "a folder"
	case Submodule:
		return "a submodule"
	}
	return "an entry of mode " + e.Mode
}

// Tree is one folder, in git's order.
type Tree []Entry

// sortKey is what git sorts by: the name of a folder counts as if it ended in a slash.
func (e Entry) sortKey() string {
	if e.Mode == Folder {
		return e.Name + "/"
	}
	return e.Name
}

func (t Tree) byName() map[string]Entry {
	out := make(map[string]Entry, len(t))
	for _, e := range t {
		out[e.Name] = e
	}
	return out
}

// with returns a copy in which entries take the places of what has their names.
func (t Tree) with(made []Entry) Tree {
	replaced := Tree(made).byName()
	out := slices.DeleteFunc(slices.Clone(t), func(old Entry) bool { _, ok := replaced[old.Name]; return ok })
	out = append(out, made...)
	slices.SortStableFunc(out, func(a, b Entry) int { return strings.Compare(a.sortKey(), b.sortKey()) })
	return out
}

// Encode returns the bytes of a tree, without their header. An id that is not hex gives an error.
func (t Tree) Encode() ([]byte, error) {
	var b bytes.Buffer
	for _, e := range t {
		id, err := hex.DecodeString(e.ID)
		if err != nil {
			return nil, fmt.Errorf("the id of %.200q: %w", e.Name, err)
		}
		b.WriteString(e.Mode + " " + e.Name + "\x00")
		b.Write(id)
	}
	return b.Bytes(), nil
}

// Tree returns the id of a tree.
func (n Length) Tree(t Tree) (string, error) {
	data, err := t.Encode()
	return n.id("tree", data), err
}

var errTree = errors.New("not a tree of git")

// ParseTree reads the bytes of a tree whose id is known, and refuses those of any other.
func ParseTree(id string, data []byte) (Tree, error) {
	size := LengthOf(id)
	if size.id("tree", data) != id {
		return nil, fmt.Errorf("the bytes are not those of the tree %.64s", id)
	}
	t := Tree{}
	for rest := data; len(rest) > 0; {
		head, after, ok := bytes.Cut(rest, []byte{0})
		mode, name, spaced := strings.Cut(string(head), " ")
		if !ok || !spaced || name == "" || len(after) < int(size)/2 {
			return nil, errTree
		}
		t = append(t, Entry{name, mode, hex.EncodeToString(after[:size/2])})
		rest = after[size/2:]
	}
	return t, t.check(id)
}

// check demands that a tree has this id, and each name once: of two entries of one name the second would be hidden.
func (t Tree) check(id string) error {
	got, err := LengthOf(id).Tree(t)
	if err != nil {
		return err
	}
	if got != id {
		return fmt.Errorf("its entries make the tree %s and not %.64s", got, id)
	}
	seen := map[string]bool{}
	for _, e := range t {
		if seen[e.Name] || e.Name == "" || strings.Contains(e.Name, "/") || len(e.ID) != len(id) {
			return errTree
		}
		seen[e.Name] = true
	}
	return nil
}
