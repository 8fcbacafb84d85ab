package githubtest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// maxCompared is how many commits and files an answer holds, as GitHub's does.
const maxCompared = 250

// emptyTree is what the first commit is compared with.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// compare answers base...head: what head has beyond the merge base, counted both ways.
func compare(c *call) answer {
	baseName, headName, dots := strings.Cut(c.params["basehead"], "...")
	base, okBase := c.commitish(baseName)
	head, okHead := c.commitish(headName)
	if !dots || !okBase || !okHead {
		return c.notFound()
	}
	git := c.repo.git
	meeting, err := git.ask("merge-base", base.sha, head.sha)
	if err != nil {
		return c.refuse(404, fmt.Sprintf("No common ancestor between %s and %s.", baseName, headName))
	}
	merge, _ := git.commit(strings.TrimSpace(string(meeting)))
	ahead, behind := git.distance(base.sha, head.sha)
	url := c.repoURL("/compare/" + baseName + "..." + headName)
	web := c.webRepo("/compare/" + baseName + "..." + headName)
	return ok(object{
		"url": url, "html_url": web, "permalink_url": web, "diff_url": web + ".diff", "patch_url": web + ".patch",
		"base_commit": c.commitJSON(base), "merge_base_commit": c.commitJSON(merge),
		"status": relation(ahead, behind), "ahead_by": ahead, "behind_by": behind, "total_commits": ahead,
		"commits": c.commitsBetween(base.sha, head.sha), "files": c.filesJSON(head.sha, git.changes(merge.sha, head.sha)),
	})
}

// relation is head's standing towards base, in GitHub's words.
func relation(ahead, behind int) string {
	switch {
	case ahead > 0 && behind > 0:
		return "diverged"
	case ahead > 0:
		return "ahead"
	case behind > 0:
		return "behind"
	}
	return "identical"
}

// distance counts the commits only head has, and those only base has.
func (g git) distance(base, head string) (ahead, behind int) {
	line, err := g.ask("rev-list", "--left-right", "--count", base+"..."+head)
	if err != nil {
		return 0, 0
	}
	_, _ = fmt.Sscan(string(line), &behind, &ahead)
	return ahead, behind
}

func (c *call) commitsBetween(base, head string) []object {
	commits := []object{}
	out, err := c.repo.git.ask("rev-list", "--reverse", "--topo-order", base+".."+head)
	if err != nil {
		return commits
	}
	for sha := range strings.FieldsSeq(string(out)) {
		if k, err := c.repo.git.commit(sha); err == nil && len(commits) < maxCompared {
			commits = append(commits, c.commitJSON(k))
		}
	}
	return commits
}

// change is one file of a comparison.
type change struct {
	path, status, sha string
	added, deleted    int
}

var statusWords = map[byte]string{'A': "added", 'D': "removed", 'M': "modified", 'T': "changed"}

// changes lists the files that differ; from may be empty for the first commit.
func (g git) changes(from, to string) []change {
	if from == "" {
		from = emptyTree
	}
	raw, err := g.ask("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", from, to)
	if err != nil {
		return nil
	}
	counts, _ := g.ask("diff-tree", "-r", "-z", "--numstat", "--no-renames", from, to)
	lines := lineCounts(counts)
	var all []change
	fields := bytes.Split(raw, []byte{0})
	for i := 0; i+1 < len(fields); i += 2 {
		f := strings.Fields(string(fields[i])) // ":oldmode newmode oldsha newsha status"
		ch := change{path: string(fields[i+1]), sha: f[3], status: statusWords[f[4][0]]}
		if ch.sha == zeroSHA {
			ch.sha = f[2] // a removed file is named by what it was
		}
		ch.added, ch.deleted = lines[ch.path][0], lines[ch.path][1]
		all = append(all, ch)
	}
	return all
}

func lineCounts(numstat []byte) map[string][2]int {
	counts := map[string][2]int{}
	for entry := range bytes.SplitSeq(numstat, []byte{0}) {
		f := strings.SplitN(string(entry), "\t", 3)
		if len(f) != 3 {
			continue
		}
		added, _ := strconv.Atoi(f[0]) // "-" for a binary file counts as none
		deleted, _ := strconv.Atoi(f[1])
		counts[f[2]] = [2]int{added, deleted}
	}
	return counts
}

func (c *call) filesJSON(at string, files []change) []object {
	out := []object{}
	for _, f := range files {
		if len(out) == maxCompared {
			break
		}
		path := escapePath(f.path)
		out = append(out, object{
			"sha": f.sha, "filename": f.path, "status": f.status,
			"additions": f.added, "deletions": f.deleted, "changes": f.added + f.deleted,
			"blob_url": c.webRepo("/blob/" + at + "/" + path), "raw_url": c.webRepo("/raw/" + at + "/" + path),
			"contents_url": c.repoURL("/contents/" + path + "?ref=" + at),
		})
	}
	return out
}

func stats(files []change) object {
	added, deleted := 0, 0
	for _, f := range files {
		added, deleted = added+f.added, deleted+f.deleted
	}
	return object{"additions": added, "deletions": deleted, "total": added + deleted}
}
