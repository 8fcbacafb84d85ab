// Package describe shows an operation to people: every member of its document, and the texts with their
// marker, exactly as GitHub will hold them. Who approves and who plans see the same.
package describe

import (
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/plan/document"
)

// Operation prints operation number n of a run, which comes after others of its plan.
func Operation(s *cli.Streams, n int, op marketops.Operation, after ...document.Operation) error {
	d, err := op.Digest()
	if err != nil {
		return err
	}
	v := view{s}
	s.Print("")
	s.Print("operation %d: %s on %s (%s)", n, op.Kind, op.Target.FullName, op.Target.ID())
	v.line("digest", "%s", d)
	for _, other := range after {
		v.line("after", "%s", other.Reference())
	}
	for _, what := range op.HiddenText() {
		v.line("warning", "%s", what)
	}
	for _, show := range []func(marketops.Operation) error{v.tag, v.release, v.pullRequest} {
		if err := show(op); err != nil {
			return err
		}
	}
	return nil
}

type view struct{ *cli.Streams }

func (v view) tag(op marketops.Operation) error {
	if op.Tag == nil {
		return nil
	}
	message, err := op.TagMessage()
	if err != nil {
		return err
	}
	v.line("tag", "%s at commit %s", op.Tag.Name, op.Tag.Commit)
	v.line("tree", "%s", op.Tag.Tree)
	switch e := op.Tag.Existing; {
	case e == nil:
	case e.After.IsZero():
		v.line("existing", "the tag is on GitHub at the %s %s, and stays as it is", objectWord[e.Type], e.Object)
		return nil
	default:
		v.line("existing", "the tag is made by the operation %s of this plan", e.After)
	}
	v.line("tagger", "%s", identity(op.Tag.Tagger))
	v.text("message", message)
	return nil
}

// objectWord is what people call what a tag is at.
var objectWord = map[string]string{"tag": "tag object", "commit": "commit"}

func (v view) release(op marketops.Operation) error {
	if op.Release == nil {
		return nil
	}
	body, err := op.ReleaseBody()
	if err != nil {
		return err
	}
	v.line("release", "%q, prerelease: %s, latest: %s", op.Release.Name, yes(op.Release.Prerelease), yes(op.Release.MakeLatest == "true"))
	v.text("body", body)
	for _, a := range op.Release.Assets {
		v.line("asset", "%s  %d bytes  %s  %s", a.Name, a.Size, a.ContentType, a.SHA256)
	}
	return nil
}

func (v view) pullRequest(op marketops.Operation) error {
	p := op.PullRequest
	if p == nil {
		return nil
	}
	body, err := op.PullRequestBody()
	if err != nil {
		return err
	}
	v.line("title", "%q, draft: %s", p.Title, yes(p.Draft))
	v.line("into", "%s at commit %s", p.Base.Branch, p.Base.SHA)
	if p.Changes == nil {
		v.line("from", "%s at commit %s", p.Head.Branch, p.Head.SHA)
	} else {
		v.line("from", "%s, a new branch with one commit on top of that", p.Head.Branch)
		v.changes(p.Changes)
	}
	v.text("body", body)
	return nil
}

func (v view) changes(c *marketops.ChangeSet) {
	v.line("author", "%s", identity(c.Author))
	v.text("commit message", c.Message)
	v.line("trees", "%s becomes %s, by these files and nothing else", c.BaseTree, c.Tree)
	counts := map[string]int{}
	for _, f := range c.Changes {
		counts[f.Verb()]++
	}
	v.line("changes", "%d added, %d changed, %d unchanged, 0 deleted", counts["added"], counts["changed"], counts["unchanged"])
	for _, f := range c.Changes {
		v.line(f.Verb(), "%s  %s  %d bytes  %s  blob %s", f.Path, modes(f), f.Size, f.SHA256, blobs(f))
	}
}

// modes says which mode a file has and gets.
func modes(f marketops.Change) string {
	if f.Before == nil || f.Before.Mode == f.Mode {
		return "mode " + f.Mode
	}
	return "mode " + f.Before.Mode + " → " + f.Mode
}

func blobs(f marketops.Change) string {
	if f.Before == nil {
		return f.Blob
	}
	return f.Before.Blob + " → " + f.Blob
}

func identity(p marketops.Person) string { return fmt.Sprintf("%s <%s> %s", p.Name, p.Email, p.Date) }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (v view) line(label, format string, args ...any) {
	v.Print("  %-8s %s", label, fmt.Sprintf(format, args...))
}

// text prints each line behind a bar, so that no text can look like one of ours.
func (v view) text(label, text string) {
	v.Print("  %s:", label)
	for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		v.Print("    | %s", l)
	}
}
