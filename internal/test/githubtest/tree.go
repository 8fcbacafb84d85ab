package githubtest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"sync"
)

// treeEntry is one member of a tree to be made. A null SHA without content deletes.
type treeEntry struct {
	Path, Mode, Type string
	SHA              *string
	Content          *string
}

// treeOf accepts a tree or, as GitHub does, a commit that has it.
func (g git) treeOf(sha string) (string, error) {
	if sha == "" {
		return "", nil
	}
	kind, data, err := g.object(sha)
	switch {
	case err != nil:
		return "", err
	case kind == "commit":
		return parseCommit(sha, data).tree, nil
	case kind != "tree":
		return "", errNoObject
	}
	return sha, nil
}

// indexLine is one line of what git's index is told: an object at a path, or none.
type indexLine struct{ mode, sha, path string }

func (l indexLine) String() string { return l.mode + " " + l.sha + "\t" + l.path + "\x00" }

// trees are those that git made of a base and entries, by both. The same always give the same.
var trees sync.Map // to madeTree

// madeTree is a tree with all trees below it.
type madeTree struct {
	root string
	all  map[string][]byte // by id
}

// writeTree applies entries to a base tree.
func (g git) writeTree(base string, entries []treeEntry) (string, error) {
	lines, question := make([]indexLine, len(entries)), base+"\n"
	for i, e := range entries {
		sha, err := g.entryObject(e)
		if err != nil {
			return "", err
		}
		if lines[i] = (indexLine{e.Mode, sha, e.Path}); sha == "" {
			lines[i].mode, lines[i].sha = "0", zeroSHA
		}
		question += lines[i].String()
	}
	if known, ok := trees.Load(question); ok {
		return known.(madeTree).root, g.keepTree(known.(madeTree))
	}
	root, err := g.indexTree(base, lines)
	if err != nil {
		return "", err
	}
	made := madeTree{root, map[string][]byte{}}
	if err := g.collect(root, made.all); err != nil {
		return "", err
	}
	trees.Store(question, made)
	return root, nil
}

// keepTree stores a tree that git made in another repository from the same objects.
func (g git) keepTree(made madeTree) error {
	for id, data := range made.all {
		if _, there := g.known.byID.Load(id); there {
			continue
		}
		if err := g.writeLoose(id, "tree", data); err != nil {
			return err
		}
	}
	return nil
}

// collect reads a tree and all trees below it.
func (g git) collect(id string, into map[string][]byte) error {
	kind, data, err := g.object(id)
	if err != nil || kind != "tree" {
		return errors.Join(errNoObject, err)
	}
	into[id] = data
	for rest := data; len(rest) > 0; {
		head, after, _ := bytes.Cut(rest, []byte{0}) // "mode name", then the id in 20 bytes
		if bytes.HasPrefix(head, []byte("40000 ")) {
			if err := g.collect(hex.EncodeToString(after[:20]), into); err != nil {
				return err
			}
		}
		rest = after[20:]
	}
	return nil
}

// indexTree makes a tree through an index of its own.
func (g git) indexTree(base string, lines []indexLine) (string, error) {
	dir, err := os.MkdirTemp(g.dir, "index-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	index := []string{"GIT_INDEX_FILE=" + dir + "/index"}
	if base == "" {
		base = "--empty"
	}
	if _, err := g.runWith(index, nil, "read-tree", base); err != nil {
		return "", err
	}
	for _, l := range lines {
		if err := g.place(index, l); err != nil {
			return "", err
		}
	}
	out, err := g.runWith(index, nil, "write-tree")
	return strings.TrimSpace(string(out)), err
}

func (g git) place(index []string, l indexLine) (err error) {
	if l.mode == "040000" {
		_, err = g.runWith(index, nil, "read-tree", "--prefix="+l.path+"/", l.sha)
	} else {
		_, err = g.runWith(index, []byte(l.String()), "update-index", "-z", "--replace", "--index-info")
	}
	return err
}

// entryObject is the object an entry names, made from its content if it has any; empty
// means that the path is deleted.
func (g git) entryObject(e treeEntry) (string, error) {
	switch {
	case e.Mode == "" || malformed(e.Path):
		return "", errors.New("an entry needs a mode and a path inside the tree")
	case e.SHA == nil && e.Content != nil:
		return g.write("blob", []byte(*e.Content))
	case e.SHA == nil:
		return "", nil
	case e.Mode == "160000":
		return *e.SHA, nil // a submodule's commit lives elsewhere
	}
	if _, _, err := g.object(*e.SHA); err != nil {
		return "", err
	}
	return *e.SHA, nil
}

// malformed finds the paths git's index passes over in silence instead of refusing them.
func malformed(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") || strings.Contains(part, "\x00") {
			return true
		}
	}
	return false
}
