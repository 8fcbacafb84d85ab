package publisher_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// pullOp is a pull request with a change set, in a repository of its own.
func (s *stage) pullOp() marketops.Operation {
	op := marketops.NewOperation(marketops.OpenPR, s.target())
	repo := s.newRepo(fmt.Sprintf("widgets-%d", s.tags.Add(1)))
	op.Target.RepositoryID, op.Target.FullName = repo.ID(), repo.FullName()
	op.PullRequest = &marketops.PullRequest{Base: marketops.Ref{Branch: "main", SHA: s.commit}, Head: marketops.Ref{Branch: "release/next"},
		Title: "Prepare", Body: "text", Changes: &marketops.ChangeSet{Message: "Prepare", Author: marketops.Person{Name: "Release Bot", Email: "release@example.com", Date: 1770000000}}}
	data, n, set := []byte(assets["a.tar.gz"]), gitobject.LengthOf(s.commit), op.PullRequest.Changes
	set.Changes = []marketops.Change{{Path: "a.tar.gz", Mode: gitobject.File, Size: int64(len(data)), SHA256: marketops.DigestOf(data), Blob: n.Blob(data)}}
	set.BaseTree = s.tree
	tree, _, err := gitobject.Apply(s.tree, []gitobject.Change{{Path: "a.tar.gz", Mode: gitobject.File, Blob: n.Blob(data)}}, func(id string) (gitobject.Tree, error) {
		out, err := exec.Command("git", "--git-dir", repo.Dir(), "cat-file", "tree", id).Output()
		if err != nil {
			return nil, err
		}
		return gitobject.ParseTree(id, out)
	})
	if set.Tree = tree; err != nil {
		s.Fatal(err)
	}
	return op
}

// writing are the mutating calls of each kind, in order, and the visible effects that it has.
var writing = []struct {
	kind    string
	op      func(*stage) marketops.Operation
	calls   []string // method and path below the repository
	visible []githubtest.Kind
}{
	{"tag_repo", func(s *stage) marketops.Operation {
		op := s.releaseOp()
		op.Kind, op.Release = marketops.TagRepo, nil
		return op
	}, []string{"POST git/tags", "POST git/refs"}, []githubtest.Kind{githubtest.RefCreated}},
	{"publish_release", (*stage).releaseOp,
		[]string{"POST git/tags", "POST releases", "POST releases/*/assets", "POST git/refs", "PATCH releases/*"},
		[]githubtest.Kind{githubtest.RefCreated, githubtest.ReleasePublished}},
	{"open_pr", (*stage).pullOp,
		[]string{"POST git/blobs", "POST git/trees", "POST git/commits", "POST git/refs", "POST pulls"},
		[]githubtest.Kind{githubtest.RefCreated, githubtest.PullOpened}},
}

// seen are the calls after which others see something.
var seen = []string{"POST git/refs", "PATCH releases/*", "POST pulls"}

// mishaps are what GitHub or the network does to one call, and what must have become of the operation when
// the command ends: success where the call may simply be made again, failed where GitHub said no, open
// where it said later.
var mishaps = []struct {
	fault githubtest.Fault
	ends  receipt.Status
}{
	{githubtest.Fault{Action: githubtest.ResetBefore}, "success"},
	{githubtest.Fault{Action: githubtest.ResetAfter}, "success"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 502}, "success"},
	{githubtest.Fault{Action: githubtest.StatusAfter, Status: 502}, "success"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 500}, "success"},
	{githubtest.Fault{Action: githubtest.StatusAfter, Status: 504}, "success"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 401}, "success"},
	{githubtest.Fault{Action: githubtest.HTML}, "success"},
	{githubtest.Fault{Action: githubtest.EmptyBody}, "success"},
	{githubtest.Fault{Action: githubtest.Truncated}, "success"},
	{githubtest.Fault{Action: githubtest.WrongSHA}, "success"},
	{githubtest.Fault{Action: githubtest.PrimaryLimit, RetryAfter: time.Second}, "success"},
	{githubtest.Fault{Action: githubtest.SecondaryLimit}, "success"},
	{githubtest.Fault{Action: githubtest.SecondaryLimit, Status: 429}, "success"},
	{githubtest.Fault{Action: githubtest.PrimaryLimit, Status: 429}, "open"},
	{githubtest.Fault{Action: githubtest.SecondaryLimit, RetryAfter: 3 * time.Hour}, "open"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 401, Times: 4}, "success"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 403, Times: 3}, "success"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 404, Times: 3}, "success"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 422, Message: "Validation Failed: was submitted too quickly"}, "success"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 401, Times: 5}, "open"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 403, Times: 4}, "failed"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 404, Times: 4}, "failed"},
	{githubtest.Fault{Action: githubtest.StatusBefore, Status: 422}, "failed"},
	{githubtest.Fault{Action: githubtest.Redirect, Status: 307, Location: "/elsewhere"}, "failed"},
}

// struck is one mishap at one call of one operation.
type struck struct {
	*stage
	op      func(*stage) marketops.Operation
	run     *run
	name    string
	call    string
	fault   githubtest.Fault
	ends    receipt.Status
	visible []githubtest.Kind
	dir     string
}

// TestEveryFault strikes every mutating call of every kind with every mishap, under a real Core. Nothing
// visible happens twice, no outcome is false, the same command again ends what was left open, and another receipt on the
// same approvals finishes what failed.
func TestEveryFault(t *testing.T) {
	s := newStage(t)
	var all []*struck
	for _, w := range writing {
		for _, call := range w.calls {
			for _, m := range mishaps {
				ends := m.ends
				if ends == receipt.Failed && !slices.Contains(seen, call) {
					ends = receipt.Rejected // nothing is tried yet, and nothing is used up
				}
				all = append(all, &struck{stage: s, op: w.op, call: call, fault: m.fault, ends: ends, visible: w.visible,
					name: fmt.Sprint(w.kind, " ", call, " ", m.fault.Action, m.fault.Status, m.fault.RetryAfter)})
			}
		}
	}
	sideBySide(exhaustive.Sample(t, 24, all), (*struck).happens)
	s.lawful()
}

// at is the path of the operation's own repository.
func (c *struck) at() string { return "/repos/" + c.run.plan.Ops[0].Target.FullName }

func (c *struck) happens() {
	c.run = c.authorised(c.op(c.stage))
	c.dir = c.run.folder()
	method, path, _ := strings.Cut(c.call, " ")
	c.fault.Method, c.fault.Path = method, c.at()+"/"+path
	c.hub.Inject(c.fault)
	got := c.publish()
	if got.Status != c.ends {
		c.Errorf("%s: %s, want %s: %v", c.name, got.Status, c.ends, got.Err)
		return
	}
	c.again()
}

// happened counts each visible effect, of which there is never more than one.
func (c *struck) happened() (n int) {
	for _, kind := range c.visible {
		times := 0
		for _, e := range c.hub.Effects() {
			if e.Repo == c.run.plan.Ops[0].Target.FullName && e.Kind == kind {
				times++
			}
		}
		if times > 1 {
			c.Errorf("%s: %s happened %d times", c.name, kind, times)
		}
		n += times
	}
	return n
}

func (c *struck) writes() (n int) {
	for _, r := range c.hub.Mutations() {
		if strings.HasPrefix(r.Path, c.at()+"/") {
			n++
		}
	}
	return n
}

// publish is one whole command; what it says must fit what GitHub holds.
func (c *struck) publish() publisher.Result {
	results, err := c.run.publish("pub", c.dir)
	if err != nil {
		c.Fatalf("%s: %v", c.name, err)
	}
	n, all := c.happened(), len(c.visible)
	if got := results[0].Status; got == "success" && n != all || got == "failed" && n == all {
		c.Errorf("%s: it says %s, and %d of %d effects are there", c.name, got, n, all)
	}
	return results[0]
}

// again types the same command again: what was open ends in success, everything else stays as it is and
// nothing more is sent.
func (c *struck) again() {
	sent := c.writes()
	got := c.publish()
	if c.ends == "open" {
		if got.Status != "success" || c.happened() != len(c.visible) {
			c.Errorf("%s: again: %s, %v", c.name, got.Status, got.Err)
		}
	} else if got.Status != c.ends || !got.Already || c.writes() != sent {
		c.Errorf("%s: again: %s, already %t, %d more writes", c.name, got.Status, got.Already, c.writes()-sent)
	}
	o := c.run.outcome(0)
	if o.Status != got.Status || c.ends == "success" && o.RetryCount != c.retries() {
		c.Errorf("%s: recorded as %s after %d retries", c.name, o.Status, o.RetryCount)
	}
	if o.Status == receipt.Failed || o.Status == receipt.Rejected {
		c.finish()
	}
}

// finish ends under another receipt what failed: each effect is there once, made or adopted.
func (c *struck) finish() {
	c.dir = c.run.authorize().folder()
	if got := c.publish(); got.Status != receipt.Success || c.happened() != len(c.visible) {
		c.Errorf("%s: under another receipt: %s, %v", c.name, got.Status, got.Err)
	}
}

// retries is how often a visible effect had to be sent again: as often as it was struck before it happened.
func (c *struck) retries() int64 {
	before := []githubtest.Action{githubtest.ResetBefore, githubtest.StatusBefore, githubtest.PrimaryLimit, githubtest.SecondaryLimit}
	if slices.Contains(before, c.fault.Action) && slices.Contains(seen, c.call) {
		return int64(max(1, c.fault.Times))
	}
	return 0
}
