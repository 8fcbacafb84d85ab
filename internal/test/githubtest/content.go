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

func getBlob(c *call) answer {
	sha := c.params["file_sha"]
	kind, data, err := c.repo.git.object(sha)
	if err != nil || kind != "blob" {
		return c.notFound()
	}
	return ok(object{
		"sha": sha, "url": c.objectURL("blob", sha), "node_id": nodeID("Blob", c.repo.spec.ID, sha), "size": len(data),
		"content": inLines(base64.StdEncoding.EncodeToString(data)), "encoding": "base64",
	})
}

// inLines breaks base64 after every 60 characters, as GitHub does.
func inLines(text string) string {
	var b strings.Builder
	for len(text) > 60 {
		b.WriteString(text[:60] + "\n")
		text = text[60:]
	}
	if text != "" {
		b.WriteString(text + "\n")
	}
	return b.String()
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

func getTree(c *call) answer {
	sha, err := c.repo.git.treeOf(c.params["tree_sha"])
	if err != nil {
		return c.notFound()
	}
	if c.query().Get("recursive") != "" { // any value, "0" too
		return ok(c.treeJSON(sha, "-r", "-t"))
	}
	return ok(c.treeJSON(sha))
}

// treeJSON is a tree. GitHub cuts the list of a large one off and says so.
func (c *call) treeJSON(sha string, how ...string) object {
	members, limit := []object{}, c.repo.spec.TreeLimit
	out, _ := c.repo.git.ask(append(append([]string{"ls-tree", "-z", "--long"}, how...), sha)...)
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
	truncated := limit > 0 && len(members) > limit
	if truncated {
		members = members[:limit]
	}
	return object{"sha": sha, "url": c.objectURL("tree", sha), "truncated": truncated, "tree": members}
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
