package githubtest

import (
	"encoding/base64"
	"errors"
	"os"
	"strings"
)

func createBlob(c *call) answer {
	var in struct{ Content, Encoding string }
	c.decode(&in)
	data := []byte(in.Content)
	if in.Encoding == "base64" {
		plain, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(in.Content, "\n", ""))
		if err != nil {
			return c.unprocessable("Invalid content encoding: base64")
		}
		data = plain
	}
	sha, err := c.repo.git.write("blob", data)
	if err != nil {
		return c.unprocessable("Could not create blob")
	}
	return created(object{"sha": sha, "url": c.objectURL("blob", sha)}, c.effect(BlobMade, "", sha, 0, false))
}

// treeEntry is one member of a tree to be made. A null SHA without content deletes.
type treeEntry struct {
	Path, Mode, Type string
	SHA              *string
	Content          *string
}

func createTree(c *call) answer {
	var in struct {
		Tree     []treeEntry
		BaseTree string `json:"base_tree"`
	}
	c.decode(&in)
	git := c.repo.git
	base, err := git.treeOf(in.BaseTree)
	if err != nil {
		return c.unprocessable("base_tree is not a valid tree oid")
	}
	sha, err := git.writeTree(base, in.Tree)
	if err != nil {
		return c.unprocessable("tree.path contains a malformed path component or tree.sha is not a valid object")
	}
	return created(c.treeJSON(sha), c.effect(TreeMade, "", sha, 0, false))
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

// writeTree applies entries to a base tree through an index of its own.
func (g git) writeTree(base string, entries []treeEntry) (string, error) {
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
	for _, e := range entries {
		if err := g.place(index, e); err != nil {
			return "", err
		}
	}
	out, err := g.runWith(index, nil, "write-tree")
	return strings.TrimSpace(string(out)), err
}

func (g git) place(index []string, e treeEntry) error {
	sha, err := g.entryObject(e)
	if err != nil {
		return err
	}
	if e.Mode == "040000" && sha != "" {
		_, err := g.runWith(index, nil, "read-tree", "--prefix="+e.Path+"/", sha)
		return err
	}
	mode := e.Mode
	if sha == "" {
		mode, sha = "0", zeroSHA
	}
	_, err = g.runWith(index, []byte(mode+" "+sha+"\t"+e.Path+"\x00"), "update-index", "-z", "--replace", "--index-info")
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

func (c *call) treeJSON(sha string) object {
	members := []object{}
	out, _ := c.repo.git.run(nil, "ls-tree", "-z", "--long", sha)
	for line := range strings.SplitSeq(string(out), "\x00") {
		head, path, found := strings.Cut(line, "\t")
		f := strings.Fields(head) // mode type sha size
		if !found || len(f) != 4 {
			continue
		}
		m := object{"path": path, "mode": f[0], "type": f[1], "sha": f[2], "url": c.objectURL(f[1], f[2])}
		if f[3] != "-" {
			m["size"] = atoi(f[3])
		}
		members = append(members, m)
	}
	return object{"sha": sha, "url": c.objectURL("tree", sha), "truncated": false, "tree": members}
}

func createCommit(c *call) answer {
	var in struct {
		Message, Tree     string
		Parents           []string
		Author, Committer *Person
	}
	c.decode(&in)
	git := c.repo.git
	if kind, _, err := git.object(in.Tree); err != nil || kind != "tree" {
		return c.unprocessable("Tree SHA does not exist")
	}
	for _, p := range in.Parents {
		if _, err := git.commit(p); err != nil {
			return c.unprocessable("Parent SHA does not exist or is not a commit object")
		}
	}
	k := commit{tree: in.Tree, parents: in.Parents, message: in.Message, author: c.person(in.Author)}
	k.committer = k.author
	if in.Committer != nil {
		k.committer = c.person(in.Committer)
	}
	sha, err := git.write("commit", k.format())
	if err != nil {
		return c.unprocessable("Could not create commit")
	}
	k.sha = sha
	return created(c.gitCommitJSON(k), c.effect(CommitMade, "", sha, 0, false))
}
