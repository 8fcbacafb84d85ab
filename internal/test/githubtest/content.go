package githubtest

import (
	"encoding/base64"
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

func (c *call) treeJSON(sha string) object {
	members := []object{}
	out, _ := c.repo.git.ask("ls-tree", "-z", "--long", sha)
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
