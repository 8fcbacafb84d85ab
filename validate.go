package marketops

import (
	"errors"
	"fmt"
	"strings"

	"github.com/omega/marketops/internal/grammar"
)

// Names of tags, branches, assets, repositories and persons have files of their own.
const (
	hexChars = "0-9a-f"
	typeName = "a-z0-9.+-"
)

// ValidateID refuses what is no id of a person or name of a key: [a-z0-9][a-z0-9._-]{0,62}.
func ValidateID(what, s string) error {
	if !grammar.Begins(s, grammar.Lower) || !grammar.Of(s, grammar.Lower+"._-", 1, 63) {
		return fmt.Errorf("%s %.80q is not of the form [a-z0-9][a-z0-9._-]{0,62}", what, s)
	}
	return nil
}

func isContentType(s string) bool {
	kind, of, _ := strings.Cut(s, "/")
	return grammar.Of(kind, typeName, 1, 80) && grammar.Of(of, typeName, 1, 80)
}

// FullSHA reports whether s is a full git object id in lower-case hex.
func FullSHA(s string) bool { return (len(s) == 40 || len(s) == 64) && grammar.Of(s, hexChars, 40, 64) }

// Validate reports the first thing that an operation document must not contain. The codes
// are [NameUnsafe] for names and text, [OperationMismatch] for everything else.
func (o Operation) Validate() error {
	if o.Schema != schemaOp || o.Marker != markerV1 {
		return Refuse(OperationMismatch, fmt.Sprintf("schema %.40q with marker %d is not known", o.Schema, o.Marker))
	}
	if err := o.Target.Validate(); err != nil {
		return err
	}
	switch o.Kind {
	case TagRepo:
		return o.validateTag()
	case PublishRelease:
		return o.validateRelease()
	case OpenPR:
		return o.validatePullRequest()
	}
	return Refuse(KindMismatch, fmt.Sprintf("kind %.40q is not known", o.Kind))
}

// Validate refuses what is no repository of GitHub in its one spelling.
func (t Target) Validate() error {
	if _, err := ParseHost(string(t.Host)); err != nil {
		return err
	}
	if t.Type != "github" || t.RepositoryID <= 0 || t.RepositoryID > maxID {
		return Refuse(RepositoryMismatch, fmt.Sprintf("target %.300q is not a GitHub repository", t.ID()))
	}
	return ValidateRepository(t.FullName)
}

func (o Operation) validateTag() error {
	if o.Tag == nil || o.Release != nil || o.PullRequest != nil {
		return Refuse(OperationMismatch, "tag_repo has a tag and nothing else")
	}
	if o.Tag.Existing != nil {
		return Refuse(OperationMismatch, "tag_repo makes its tag, so existing does not belong to it")
	}
	return o.Tag.validate()
}

func (t *Tag) validate() error {
	if err := t.validateTarget(); err != nil {
		return err
	}
	if t.Existing != nil && t.Existing.After.IsZero() {
		return t.validateExisting()
	}
	if t.Message == "" {
		return Refuse(NameUnsafe, "the tag message is empty")
	}
	if err := ValidateText("tag message", t.Message, MaxMessage); err != nil {
		return err
	}
	return t.Tagger.validate("tagger")
}

func (t *Tag) validateTarget() error {
	if err := ValidateTagName(t.Name); err != nil {
		return err
	}
	if !FullSHA(t.Commit) || !FullSHA(t.Tree) || len(t.Commit) != len(t.Tree) {
		return Refuse(OperationMismatch, "commit and tree must be full object ids")
	}
	return nil
}

// validateExisting demands the tag as GitHub showed it, and no text of ours, which it does not have.
func (t *Tag) validateExisting() error {
	e := t.Existing
	switch {
	case t.Message != "" || t.Tagger != Person{}:
		return Refuse(OperationMismatch, "an existing tag has its own message and tagger")
	case !FullSHA(e.Object) || len(e.Object) != len(t.Commit):
		return Refuse(OperationMismatch, "the object of an existing tag must be a full object id")
	case e.Type == "commit" && e.Object == t.Commit, e.Type == "tag" && e.Object != t.Commit:
		return nil
	}
	return Refuse(OperationMismatch, fmt.Sprintf("an existing tag of type %.20q cannot be at object %s with commit %s", e.Type, e.Object, t.Commit))
}

// validateAfter demands that the operation that makes the tag is the one that follows from this document.
func (o Operation) validateAfter() error {
	e := o.Tag.Existing
	if e == nil || e.After.IsZero() {
		return nil
	}
	made, err := o.MakerOfTag().Digest()
	if err != nil {
		return err
	}
	if made != e.After || e.Object != "" || e.Type != "" {
		return Refuse(OperationMismatch, "the tag is made by another operation than the one that existing names")
	}
	return nil
}

func (p Person) validate(role string) error {
	if err := ValidateIdentity(role, p.Name, p.Email); err != nil {
		return err
	}
	if p.Date <= 0 {
		return Refuse(OperationMismatch, role+" has no date")
	}
	return nil
}

func (o Operation) validateRelease() error {
	if o.Tag == nil || o.Release == nil || o.PullRequest != nil {
		return Refuse(OperationMismatch, "publish_release has a tag and a release and nothing else")
	}
	if err := errors.Join(o.Tag.validate(), o.validateAfter()); err != nil {
		return err
	}
	r := o.Release
	if err := ValidateLine("release name", r.Name); err != nil {
		return err
	}
	if err := ValidateText("release body", r.Body, MaxRelease); err != nil {
		return err
	}
	if r.MakeLatest != "true" && r.MakeLatest != "false" {
		return Refuse(OperationMismatch, fmt.Sprintf("make_latest is %.20q, want true or false", r.MakeLatest))
	}
	if r.Prerelease && r.MakeLatest == "true" {
		return Refuse(OperationMismatch, "a prerelease cannot be the latest release")
	}
	return validateAssets(r.Assets)
}

func validateAssets(assets []Asset) error {
	if assets == nil || len(assets) > MaxAssets {
		return Refuse(OperationMismatch, fmt.Sprintf("%d assets, want a list of at most %d", len(assets), MaxAssets))
	}
	for i, a := range assets {
		if err := ValidateAssetName(a.Name); err != nil {
			return err
		}
		if i > 0 && assets[i-1].Name >= a.Name {
			return Refuse(AssetUnsafe, fmt.Sprintf("asset %.80q is twice there or out of order", a.Name))
		}
		if a.Size <= 0 || a.Size > MaxAssetSize || a.SHA256.IsZero() || !isContentType(a.ContentType) {
			return Refuse(AssetUnsafe, fmt.Sprintf("asset %.80q: size, digest or content type is not usable", a.Name))
		}
	}
	return nil
}

func (o Operation) validatePullRequest() error {
	p := o.PullRequest
	if p == nil || o.Tag != nil || o.Release != nil {
		return Refuse(OperationMismatch, "open_pr has a pull request and nothing else")
	}
	if err := p.validateRefs(); err != nil {
		return err
	}
	if p.Title == "" {
		return Refuse(NameUnsafe, "the title is empty")
	}
	if err := ValidateLine("title", p.Title); err != nil {
		return err
	}
	if p.Changes != nil {
		if err := p.Changes.validate(len(p.Base.SHA)); err != nil {
			return err
		}
	}
	return ValidateText("pull request body", p.Body, MaxPull)
}

func (p *PullRequest) validateRefs() error {
	for _, r := range []Ref{p.Base, p.Head} {
		if err := ValidateBranchName(r.Branch); err != nil {
			return err
		}
	}
	if !FullSHA(p.Base.SHA) || (p.Changes == nil) != FullSHA(p.Head.SHA) || (p.Changes != nil && p.Head.SHA != "") || p.Changes == nil && len(p.Base.SHA) != len(p.Head.SHA) {
		return Refuse(OperationMismatch, "base, and head unless there is a change set, must be full commit ids of one length")
	}
	if p.Base.Branch == p.Head.Branch {
		return Refuse(OperationMismatch, "base and head are the same branch")
	}
	return nil
}
