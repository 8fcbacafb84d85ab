package github

import (
	"context"
	"os/exec"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
)

// topic makes the head branch of pullOp, with one commit beyond main.
func (s *stage) topic() string {
	s.Helper()
	return must(s.repo.Commit("release/next", githubtest.Change{Message: "next", Files: map[string]string{"a": "b"}}))
}

// pullOp is a pull request from an existing branch.
func (s *stage) pullOp() marketops.Operation {
	s.Helper()
	op := marketops.NewOperation(marketops.OpenPR, s.target())
	op.PullRequest = &marketops.PullRequest{
		Base: marketops.Ref{Branch: "main", SHA: s.commit}, Head: marketops.Ref{Branch: "release/next", SHA: s.topic()},
		Title: "Prepare & <ship>", Body: "text & <text>\n\n- one",
	}
	return op
}

// changeOp is a pull request from a change set: a new file, an executable one below a folder, an
// empty one and one that main has already with other content.
func (s *stage) changeOp() marketops.Operation {
	s.Helper()
	op := marketops.NewOperation(marketops.OpenPR, s.target())
	op.PullRequest = &marketops.PullRequest{
		Base: marketops.Ref{Branch: "main", SHA: s.commit}, Head: marketops.Ref{Branch: "release/v1.4.0"},
		Title: "Prepare 1.4.0", Body: "text", Draft: true,
		Changes: &marketops.ChangeSet{
			Message: "Prepare 1.4.0\n\nmore & <more>",
			Author:  marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: 1770000000},
		},
	}
	s.files["CHANGELOG.md"] = []byte("1.4.0\n\x00\xff not text\n")
	s.files["README.md"] = []byte("hello again\n")
	s.files["docs/empty"] = []byte{}
	s.files["docs/run.sh"] = []byte("#!/bin/sh\n")
	s.fillChanges(op.PullRequest, "CHANGELOG.md", "README.md", "docs/empty", "docs/run.sh")
	return op
}

// fillChanges plans files of the stage on top of its base, with the modes that they have or get; programs end in .sh.
func (s *stage) fillChanges(p *marketops.PullRequest, paths ...string) {
	s.Helper()
	set, n := p.Changes, gitobject.LengthOf(s.commit)
	set.BaseTree, set.Changes = s.git("rev-parse", p.Base.SHA+"^{tree}"), nil
	var changes []gitobject.Change
	for _, path := range paths {
		data := s.files[path]
		c := marketops.Change{Path: path, Mode: "100644", Size: int64(len(data)), SHA256: marketops.DigestOf(data), Blob: n.Blob(data)}
		if strings.HasSuffix(path, ".sh") {
			c.Mode = "100755"
		}
		set.Changes = append(set.Changes, c)
		changes = append(changes, gitobject.Change{Path: path, Mode: c.Mode, Blob: c.Blob})
	}
	tree, placed, err := gitobject.Apply(set.BaseTree, changes, func(id string) (gitobject.Tree, error) {
		out, err := exec.Command("git", "--git-dir", s.repo.Dir(), "cat-file", "tree", id).Output()
		return must(gitobject.ParseTree(id, must(out, err))), nil
	})
	if set.Tree = tree; err != nil {
		s.Fatal(err)
	}
	for i, b := range placed {
		if b.Before.Mode != "" {
			set.Changes[i].Before = &marketops.Before{Mode: b.Before.Mode, Blob: b.Before.ID}
		}
	}
}

// opened demands that GitHub shows exactly the pull request of the operation, once, and for a change
// set a branch with exactly its commit.
func (s *stage) opened(op marketops.Operation) {
	s.Helper()
	var all []pull
	if err := s.outsider("GET", "pulls?state=all&per_page=100", nil, &all); err != nil || len(all) != 1 || s.count(githubtest.PullOpened) != 1 {
		s.Fatalf("%d pull requests, %v\n%s", len(all), err, s.log())
	}
	p, want := all[0], op.PullRequest
	head := want.Head.SHA
	if want.Changes != nil {
		head = s.repo.Ref("refs/heads/" + want.Head.Branch)
		s.committed(op, head)
	}
	if p.Title != want.Title || p.Body != must(op.PullRequestBody()) || p.Draft != want.Draft ||
		p.Head.Ref != want.Head.Branch || p.Head.SHA != head || p.Base.Ref != want.Base.Branch {
		s.Errorf("the pull request is %+v", p)
	}
}

// committed compares a commit with the change set, byte by byte and with git's own eyes.
func (s *stage) committed(op marketops.Operation, sha string) {
	s.Helper()
	set := op.PullRequest.Changes
	if n := s.count(githubtest.RefCreated); n != 1 {
		s.Errorf("%d refs made", n)
	}
	who := set.Author.Name + " <" + set.Author.Email + "> 1770000000 +0000"
	want := "parent " + op.PullRequest.Base.SHA + "\nauthor " + who + "\ncommitter " + who + "\n\n" + set.Message
	if _, got, _ := strings.Cut(s.git("cat-file", "commit", sha), "\n"); got != want {
		s.Errorf("the commit is\n%s\nwant\n%s", got, want)
	}
	tree := s.git("ls-tree", "-r", sha) + "\n"
	var paths []string
	for _, c := range set.Changes {
		paths = append(paths, c.Path)
		if line := c.Mode + " blob " + c.Blob + "\t" + c.Path + "\n"; strings.Count(tree, line) != 1 {
			s.Errorf("no %sin the tree\n%s", line, tree)
		}
	}
	if got := s.git("diff-tree", "-r", "--name-only", "--no-commit-id", sha); got != strings.Join(paths, "\n") {
		s.Errorf("the commit changes\n%s", got)
	}
}

// resumePull is the next epoch, on another machine that knows nothing.
func (s *stage) resumePull(op marketops.Operation) publisher.Evidence {
	s.Helper()
	s.diary, s.port = newDiary(), s.newPort(s.api, s.uploads)
	w := s.work(op)
	w.Past = begun(op)
	ev, err := s.port.apply(context.Background(), w, s.diary)
	if err != nil || strings.Contains(states(ev), "unknown") || strings.Contains(states(ev), "absent") {
		s.Fatalf("resumed: %s, %v\n%s", states(ev), err, s.log())
	}
	s.opened(op)
	return ev
}
