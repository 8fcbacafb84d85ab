package github

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// What is looked at before the claim.
const (
	lookTime     = "time"
	lookHost     = "host"
	lookRights   = "rights"
	lookTag      = "tag"
	lookBranch   = "branch"
	lookCommit   = "commit"
	lookReleases = "releases"
	lookBase     = "base"
	lookHead     = "head"
	lookPull     = "pull request"
)

// Look implements [publisher.SideEffectPort]. It makes every read of an Apply that comes before its first
// write, through a transport that can only GET. Once GitHub does not answer one, the rest is not asked.
func (p *Port) Look(ctx context.Context, op marketops.Operation, drafts []int64, lasts time.Duration) publisher.Looks {
	if _, err := p.supportedEffects(op); err != nil {
		return publisher.Looks{p.LookAtTime(ctx, op, lasts), lookOf(lookHost, "", err)}
	}
	t := &trial{reader: newReader(p.client.Observer(), op), readOnly: p.readOnly}
	rest := p.lookAtRest(ctx, t.reader, drafts, lasts)
	t.run(ctx)
	return append(publisher.Looks{rest}, t.looks...)
}

// LookAtTime compares the time that the writes of an operation take with that for which the receipt can still be used.
// It asks GitHub nothing. How long uploads take is not guessed.
func (p *Port) LookAtTime(ctx context.Context, op marketops.Operation, lasts time.Duration) publisher.Look {
	return p.lookAtTime(ctx, countWrites(op), lasts)
}

// lookAtRest is LookAtTime of what is left to write: a draft that was noted holds files of an earlier receipt.
func (p *Port) lookAtRest(ctx context.Context, r *reader, drafts []int64, lasts time.Duration) publisher.Look {
	done, err := newReleases(r).countDone(ctx, drafts)
	if err != nil {
		return lookOf(lookTime, "", err)
	}
	return p.lookAtTime(ctx, countWrites(r.op)-done, lasts)
}

func countWrites(op marketops.Operation) (n int) {
	for _, c := range Preview(op) {
		if c.Method != wire.Get {
			n++
		}
	}
	return n
}

func (p *Port) lookAtTime(ctx context.Context, writes int, lasts time.Duration) publisher.Look {
	takes, err := p.client.Takes(ctx, writes)
	what := fmt.Sprintf("%d writes take %s at GitHub's pace, and the receipt can be used for %s", writes, takes.Round(time.Second), lasts)
	if err == nil && takes > lasts {
		err = wire.Stopf(marketops.ReceiptTooShort, "%s", what)
	}
	return lookOf(lookTime, what, err)
}

// trial is what is read of one operation before its receipt is claimed.
type trial struct {
	*reader
	readOnly bool // the credential is not the one that writes
	looks    publisher.Looks
	silent   string // why nothing more is asked
	drafts   bool   // the credential sees drafts
}

func (t *trial) run(ctx context.Context) {
	t.repository(ctx)
	switch t.op.Kind {
	case marketops.OpenPR:
		t.pull(ctx)
	case marketops.PublishRelease:
		t.tag(ctx)
		t.ask(ctx, lookReleases, t.releases)
	default:
		t.tag(ctx)
	}
}

// ask makes one look, unless GitHub did not answer the one before.
func (t *trial) ask(ctx context.Context, name string, look func(context.Context) (string, error)) {
	if t.silent != "" {
		t.looks = append(t.looks, publisher.Look{Name: name, Status: marketops.NotRun, Detail: t.silent})
		return
	}
	detail, err := look(ctx)
	l := lookOf(name, detail, err)
	if l.Status == marketops.NotRun && l.Code != "" {
		t.silent = "not asked: GitHub did not answer before"
	}
	t.looks = append(t.looks, l)
}

// notRun is why something was not looked at.
type notRun string

func (n notRun) Error() string { return string(n) }

// lookOf is the look with this result. No answer of GitHub is no failure of the plan.
func lookOf(name, detail string, err error) publisher.Look {
	l := publisher.Look{Name: name, Status: marketops.Pass, Detail: detail}
	var f *marketops.Failure
	var n notRun
	switch {
	case err == nil:
		return l
	case errors.As(err, &n):
		l.Status, l.Detail = marketops.NotRun, string(n)
		return l
	case errors.As(err, &f) && f.Code != marketops.GitHubUnreachable && f.Code != marketops.GitHubRateLimited:
		l.Status, l.Code = marketops.Fail, f.Code
	default:
		l.Status, l.Code = marketops.NotRun, marketops.GitHubUnreachable
		if f != nil {
			l.Code = f.Code
		}
	}
	if l.Detail = whatOf(f, err); f != nil {
		l.Next = f.Next
	}
	return l
}

// whatOf is an error without its code.
func whatOf(f *marketops.Failure, err error) string {
	switch {
	case f == nil:
		return err.Error()
	case f.What == "" && f.Err != nil:
		return f.Err.Error()
	case f.Err != nil && !wire.IsNotShown(f.Err):
		return f.What + ": " + f.Err.Error()
	}
	return f.What
}

// repository looks at the repository and, in the same answer, at the rights of the credential.
func (t *trial) repository(ctx context.Context) {
	var rights error
	t.ask(ctx, publisher.LookRepository, func(ctx context.Context) (string, error) {
		repo, x, err := t.readRepository(ctx)
		if err != nil {
			t.silent = "not asked: the repository is not read"
			return "", t.named(err)
		}
		rights = t.rights(repo, x)
		if repo.Archived || repo.Disabled {
			return "", wire.Stopf(marketops.GitHubDenied, "the repository is archived or disabled")
		}
		return fmt.Sprintf("%s, number %d", repo.FullName, repo.ID), nil
	})
	t.ask(ctx, lookRights, func(context.Context) (string, error) { return "GitHub shows that the credential may write", rights })
}

// named says which credential GitHub does not accept.
func (t *trial) named(err error) error {
	var f *marketops.Failure
	if t.readOnly && errors.As(err, &f) && f.Code == marketops.TokenMissing {
		return wire.Stopf(f.Code, "the read token is not accepted: %s", f.What)
	}
	return err
}

// rights says what GitHub shows of the rights of the credential. nil is: it may write.
func (t *trial) rights(repo *repository, x *wire.Exchange) error {
	_, classic := x.Scopes()
	why := repo.whyNotWritable(x)
	t.drafts = !t.readOnly || repo.Permissions.Push && why == ""
	switch {
	case repo.Archived || repo.Disabled:
		return notRun("the repository is archived or disabled")
	case why != "" && t.readOnly:
		return notRun("the read token may not write: what the write credential may do is not shown")
	case why != "":
		return wire.Stopf(marketops.GitHubDenied, "%s", t.RedactLine(why))
	case !repo.Permissions.Push && !classic:
		return notRun("GitHub shows no rights of this credential")
	}
	return nil
}

// existing wants the bound tag. One that another operation of the plan makes may not be there yet in a trial run; once it is this
// operation's turn, lists may show it a moment late.
func (t *trial) existing(ctx context.Context) (string, error) {
	r := tags{t.reader}
	at, _, err := r.look(ctx)
	made := at.presence == publisher.Absent && !t.op.Tag.Existing.After.IsZero()
	switch {
	case err != nil || at.presence == publisher.Found:
		return at.detail, err
	case made && t.readOnly:
		return "", notRun("the tag is not there yet: another operation of the plan makes it")
	case made:
		if _, err = r.requireExisting(ctx); err == nil {
			return "the tag is there, as planned", nil
		}
		return "", err
	}
	return "", r.moved(at)
}

// tag looks at what a tag needs: no other tag, no branch of its name, the planned commit.
func (t *trial) tag(ctx context.Context) {
	t.ask(ctx, lookTag, func(ctx context.Context) (string, error) {
		if !t.makesTag() {
			return t.existing(ctx)
		}
		at, _, err := tags{t.reader}.look(ctx)
		return t.judge(at, err)
	})
	t.ask(ctx, lookBranch, func(ctx context.Context) (string, error) {
		return t.absent(ctx, "heads", t.op.Tag.Name, "a branch has the name of the tag, which git would take for the other")
	})
	t.ask(ctx, lookCommit, func(ctx context.Context) (string, error) {
		return t.op.Tag.Commit, tags{t.reader}.checkCommit(ctx)
	})
}

// releases looks at the list of all releases. What a credential without the right to write is not shown may be in the way.
func (t *trial) releases(ctx context.Context) (string, error) {
	at, _, err := newReleases(t.reader).look(ctx, nil)
	detail, err := t.judge(at, err)
	if err == nil && !t.drafts {
		err = notRun("the read token cannot see drafts; of what it sees, nothing is in the way")
	}
	return detail, err
}

// pull looks at what a pull request needs: both branches where they were planned, and no other one in the way.
func (t *trial) pull(ctx context.Context) {
	want, r := t.op.PullRequest, branches{t.reader, pulls{t.reader}}
	t.ask(ctx, lookBase, func(ctx context.Context) (string, error) {
		return want.Base.Branch + " is at " + want.Base.SHA, r.checkBase(ctx)
	})
	if want.Changes == nil {
		t.ask(ctx, lookHead, func(ctx context.Context) (string, error) {
			return want.Head.Branch + " is at " + want.Head.SHA, t.requireBranchAt(ctx, want.Head.Branch, want.Head.SHA, marketops.RefMoved)
		})
	} else {
		t.ask(ctx, lookCommit, func(ctx context.Context) (string, error) {
			return "the changes make the tree " + want.Changes.Tree, t.checkTree(ctx)
		})
		t.ask(ctx, lookTag, func(ctx context.Context) (string, error) {
			return t.absent(ctx, "tags", want.Head.Branch, "a tag has the name of the branch, which git would take for the other")
		})
	}
	t.branchAndPull(ctx)
}

// branchAndPull looks for the pull request and, before it, for the branch that a change set makes.
func (t *trial) branchAndPull(ctx context.Context) {
	head := t.op.PullRequest.Head.SHA
	if t.op.PullRequest.Changes != nil {
		t.ask(ctx, lookHead, func(ctx context.Context) (string, error) {
			at, commit, err := branches{t.reader, pulls{t.reader}}.look(ctx)
			if commit != "" {
				head = commit
			}
			return t.judge(at, err)
		})
	}
	t.ask(ctx, lookPull, func(ctx context.Context) (string, error) {
		at, _, err := pulls{t.reader}.look(ctx, head, 0)
		return t.judge(at, err)
	})
}

// absent demands that there is no ref of a name.
func (t *trial) absent(ctx context.Context, space, name, taken string) (string, error) {
	ref, err := t.findRef(ctx, space, name)
	if err == nil && ref != nil {
		err = wire.Stopf(marketops.GitHubConflict, "%s", taken)
	}
	return "there is no refs/" + space + "/" + name, err
}

// judge turns an observation into the result of a look. What is there as planned already, and was made before the operation
// tried anything, is in the way as well: its texts can be copied.
func (t *trial) judge(at observation, err error) (string, error) {
	switch {
	case err != nil:
		return "", err
	case at.presence == publisher.Conflict:
		return "", wire.Stopf(marketops.GitHubConflict, "%s", at.detail)
	case at.presence == publisher.Found:
		return "", wire.Stopf(marketops.GitHubConflict, "%s, but this operation did not make it", at.detail)
	case at.presence == publisher.Indeterminate:
		return "", notRun(at.detail)
	}
	return at.detail, nil
}
