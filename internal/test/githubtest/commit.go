package githubtest

import (
	"strings"
)

// commit is a parsed commit object.
type commit struct {
	sha, tree, message string
	parents            []string
	author, committer  Person
}

// format is the object's bytes.
func (k commit) format() []byte {
	var b strings.Builder
	b.WriteString("tree " + k.tree + "\n")
	for _, p := range k.parents {
		b.WriteString("parent " + p + "\n")
	}
	b.WriteString("author " + k.author.line() + "\ncommitter " + k.committer.line() + "\n\n" + k.message)
	return []byte(b.String())
}

func parseCommit(sha string, data []byte) commit {
	head, message, _ := strings.Cut(string(data), "\n\n")
	k := commit{sha: sha, message: message}
	for line := range strings.SplitSeq(head, "\n") {
		name, value, _ := strings.Cut(line, " ")
		switch name {
		case "tree":
			k.tree = value
		case "parent":
			k.parents = append(k.parents, value)
		case "author":
			k.author = parsePerson(value)
		case "committer":
			k.committer = parsePerson(value)
		}
	}
	return k
}

func (g git) commit(sha string) (commit, error) {
	kind, data, err := g.object(sha)
	if err != nil {
		return commit{}, err
	}
	if kind != "commit" {
		return commit{}, errNoObject
	}
	return parseCommit(sha, data), nil
}

// peel follows tag objects down to a commit.
func (g git) peel(sha string) (commit, error) {
	for range 8 {
		kind, data, err := g.object(sha)
		if err != nil {
			return commit{}, err
		}
		if kind != "tag" {
			return g.commit(sha)
		}
		sha = parseTag(sha, data).object
	}
	return commit{}, errNoObject
}

// commitish finds a commit by full or abbreviated id, branch or tag. The refs come from
// the caller's view.
func (c *call) commitish(name string) (commit, bool) {
	name = strings.TrimPrefix(name, c.repo.spec.Owner+":")
	refs := c.refs()
	for _, full := range []string{name, "refs/" + name, "refs/heads/" + name, "refs/tags/" + name} {
		if r, found := lookup(refs, full); found {
			k, err := c.repo.git.peel(r.sha)
			return k, err == nil
		}
	}
	k, err := c.repo.git.peel(c.repo.git.expand(name))
	return k, err == nil
}

// expand completes an abbreviated object id of at least 7 digits.
func (g git) expand(name string) string {
	if len(name) < 7 || len(name) >= 40 || strings.Trim(name, "0123456789abcdef") != "" {
		return name
	}
	full, err := g.line(nil, "rev-parse", "--verify", "--quiet", name+"^{commit}")
	if err != nil {
		return name
	}
	return full
}
