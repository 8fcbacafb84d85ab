package plan

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
)

// chooseExisting binds the tag that a release finds: as GitHub shows it, or as another publication of the file makes it.
func (e *engine) chooseExisting(ctx context.Context, c *candidate) error {
	if c.maker = e.makerOf(c); c.maker != nil {
		c.comeAfter(c.maker)
		return nil
	}
	tag, err := e.o.Source.Tag(ctx, c.repo.FullName, c.pub.Tag)
	if err := must(tag.Presence, err, "tag "+c.pub.Tag); err != nil {
		return err
	}
	if tag.Presence == Absent || !marketops.FullSHA(tag.SHA) {
		return deny(marketops.SourceUnreadable, fmt.Sprintf("there is no tag %q", c.pub.Tag),
			"push the tag first; or leave out existing, and marketops makes it; or add a tag_repo publication that makes it")
	}
	commit, err := e.commitOfTag(ctx, c, tag)
	if err != nil {
		return err
	}
	c.op.Tag.Existing = &marketops.Existing{Object: tag.SHA, Type: tag.Type}
	return e.onBranch(ctx, c, commit)
}

// makerOf returns the publication of the same file that makes the tag, or nil.
func (e *engine) makerOf(c *candidate) *candidate {
	for _, other := range e.candidates {
		if other.pub.Kind == marketops.TagRepo && other.pub.Repository == c.pub.Repository && other.pub.Tag == c.pub.Tag {
			return other
		}
	}
	return nil
}

// commitOfTag returns the commit of a tag, and notes what the source says of an annotated one.
func (e *engine) commitOfTag(ctx context.Context, c *candidate, tag Ref) (string, error) {
	commit, kind := tag.SHA, tag.Type
	if kind == "tag" {
		got, err := e.o.Source.TagObject(ctx, c.repo.FullName, tag.SHA)
		if err != nil {
			return "", err
		}
		if got.Name != c.pub.Tag {
			return "", denyDifference(marketops.RuleDenied, fmt.Sprintf("the object of the tag %q was made for a tag of another name", c.pub.Tag),
				"make a tag object for this name", c.pub.Tag, got.Name)
		}
		commit, kind = got.Object, got.Type
		c.find("existing-tag", document.Note, fmt.Sprintf("GitHub shows the tag %s by %.200q, signature: %.40q", c.pub.Tag, got.Tagger, got.Signature))
	}
	if kind != "commit" {
		return "", deny(marketops.RuleDenied, fmt.Sprintf("the tag %q is of a %.20q and not of a commit", c.pub.Tag, kind), "tag a commit")
	}
	return commit, nil
}

// verifyMade takes over what the publication that makes the tag has decided about it.
func verifyMade(c *candidate) error {
	m := c.maker
	if !m.isPlanned() {
		return deny(marketops.RuleDenied, fmt.Sprintf("publication %d, which makes the tag %q, is rejected", m.number, c.pub.Tag),
			fmt.Sprintf("fix publication %d; or remove it, if the tag is there already", m.number))
	}
	tag := *m.op.Tag
	digest, err := m.op.Digest()
	if err != nil {
		return err
	}
	tag.Existing = &marketops.Existing{After: digest}
	c.commit, c.op.Tag = m.commit, &tag
	return nil
}
