package marketops

import (
	"fmt"
	"strings"

	"github.com/omega/marketops/internal/canon"
)

// Limits of an operation document; GitHub's own where it has one. GitHub counts the marker of a body too.
const (
	MaxOperation  = 1 << 20             // bytes of one document
	MaxMessage    = 125_000             // characters of a tag's or a commit's message
	MaxRelease    = 125_000 - MarkerLen // characters of a release body
	MaxPull       = 65_536 - MarkerLen  // characters of a pull request body
	MaxAssets     = 1000                // assets of one release
	MaxOperations = 1000                // operations of one plan
	MaxAssetSize  = 2<<30 - 1           // bytes of one asset
	MaxName       = 255                 // bytes of a tag, branch, asset name or title
	maxID         = 999_999_999_999_999 // repository ids: exact in canonical JSON
	schemaOp      = "marketops.operation/v2"
	markerV1      = 1
)

// Kind is what an operation does.
type Kind string

// The visible changes on GitHub.
const (
	EffectTag         = "tag"
	EffectRelease     = "release"
	EffectBranch      = "branch"
	EffectPullRequest = "pull_request"
)

// The kinds.
const (
	TagRepo        Kind = "tag_repo"
	PublishRelease Kind = "publish_release"
	OpenPR         Kind = "open_pr"
)

// Operation is the canonical document of one thing to be published. It binds
// everything that GitHub will show; its [Operation.Digest] is what a receipt names.
// Exactly one of Tag (tag_repo), Tag and Release (publish_release) or PullRequest (open_pr) is set.
type Operation struct {
	Schema      string       `json:"schema"`
	Kind        Kind         `json:"kind"`
	Target      Target       `json:"target"`
	Marker      int          `json:"marker"`
	Tag         *Tag         `json:"tag,omitzero"`
	Release     *Release     `json:"release,omitzero"`
	PullRequest *PullRequest `json:"pull_request,omitzero"`
}

// Target is the repository: its host and numeric id decide, its name is checked beside them.
type Target struct {
	Type         string `json:"type"` // "github"
	Host         Host   `json:"host"`
	RepositoryID int64  `json:"repository_id"`
	FullName     string `json:"full_name"` // owner/name
}

// ID returns "host#id", the form that selectors of a trust file match.
func (t Target) ID() string { return fmt.Sprintf("%s#%d", t.Host, t.RepositoryID) }

// Owner returns the part of the full name before the slash.
func (t Target) Owner() string { o, _, _ := strings.Cut(t.FullName, "/"); return o }

// Repo returns the part of the full name after the slash.
func (t Target) Repo() string { _, r, _ := strings.Cut(t.FullName, "/"); return r }

// Tag is the tag of an operation. Without Existing it is one that the operation makes: refs/tags/Name at an annotated
// tag object that points to Commit.
type Tag struct {
	Name    string `json:"name"`
	Commit  string `json:"commit"` // full SHA-1 or SHA-256 in hex
	Tree    string `json:"tree"`
	Message string `json:"message,omitzero"` // as planned; GitHub shows [Operation.TagMessage]
	Tagger  Person `json:"tagger,omitzero"`

	Existing *Existing `json:"existing,omitzero"`
}

// Existing is a tag that a release finds on GitHub and leaves as it is. It binds one of two:
//
//   - Object and Type, which GitHub showed when the plan was made. Message and Tagger are then empty.
//   - After, the digest of the tag_repo operation that makes the tag. Message and Tagger are then those of that
//     operation, so that the whole operation follows from this document.
type Existing struct {
	Object string `json:"object,omitzero"` // id of the tag object or, of a lightweight tag, the commit
	Type   string `json:"type,omitzero"`   // "tag" or "commit"
	After  Digest `json:"after,omitzero"`
}

// Person is a git identity with a date.
type Person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Date  Time   `json:"date"`
}

// Release is a GitHub release on the operation's tag.
type Release struct {
	Name       string  `json:"name"`
	Body       string  `json:"body"` // as planned; GitHub shows [Operation.ReleaseBody]
	Prerelease bool    `json:"prerelease"`
	MakeLatest string  `json:"make_latest"` // "true" or "false", as GitHub's own API spells them
	Assets     []Asset `json:"assets"`      // in name order, no name twice
}

// Asset is one file of a release.
type Asset struct {
	Name        string `json:"name"`
	Size        int64  `json:"size"`
	SHA256      Digest `json:"sha256"`
	ContentType string `json:"content_type"`
}

// PullRequest is a pull request from an existing branch or from a change set.
type PullRequest struct {
	Base    Ref        `json:"base"`
	Head    Ref        `json:"head"`
	Changes *ChangeSet `json:"changes,omitzero"`
	Title   string     `json:"title"`
	Body    string     `json:"body"`
	Draft   bool       `json:"draft"`
}

// Ref is a branch and the commit it stood at when the plan was made. Of a head that a
// change set will create, SHA is empty.
type Ref struct {
	Branch string `json:"branch"`
	SHA    string `json:"sha,omitzero"`
}

// ChangeSet is the content of one commit on top of the base.
type ChangeSet struct {
	Message string   `json:"message"`
	Author  Person   `json:"author"`
	Changes []Change `json:"changes"` // in path order, no path twice

	BaseTree string `json:"base_tree"` // of the base commit
	Tree     string `json:"tree"`      // of the new commit: the base's with the changes and nothing else
}

// Change is one file of a change set.
type Change struct {
	Path   string  `json:"path"`
	Mode   string  `json:"mode"` // "100644" or "100755"
	Size   int64   `json:"size"`
	SHA256 Digest  `json:"sha256"`
	Blob   string  `json:"blob"`            // what git calls the bytes
	Before *Before `json:"before,omitzero"` // nil: there is no such file
}

// Before is the file that the base has at the path of a change.
type Before struct {
	Mode string `json:"mode"`
	Blob string `json:"blob"`
}

// Verb says in one word what a change does to the base.
func (c Change) Verb() string {
	switch {
	case c.Before == nil:
		return "added"
	case *c.Before == Before{c.Mode, c.Blob}:
		return "unchanged"
	}
	return "changed"
}

// File is a file that an operation publishes: an asset, or a change by its path.
type File struct {
	Name   string
	Size   int64
	SHA256 Digest
}

// Files returns the files that the operation names, in its order.
func (o Operation) Files() (out []File) {
	if o.Release != nil {
		for _, a := range o.Release.Assets {
			out = append(out, File{a.Name, a.Size, a.SHA256})
		}
	}
	if o.PullRequest != nil && o.PullRequest.Changes != nil {
		for _, c := range o.PullRequest.Changes.Changes {
			out = append(out, File{c.Path, c.Size, c.SHA256})
		}
	}
	return out
}

// Effects returns the visible changes on GitHub that the operation makes, in their order.
func (o Operation) Effects() []string {
	switch {
	case o.Kind == TagRepo:
		return []string{EffectTag}
	case o.Kind == PublishRelease && o.Tag != nil && o.Tag.Existing != nil:
		return []string{EffectRelease}
	case o.Kind == PublishRelease:
		return []string{EffectTag, EffectRelease}
	case o.PullRequest != nil && o.PullRequest.Changes != nil:
		return []string{EffectBranch, EffectPullRequest}
	}
	return []string{EffectPullRequest}
}

// NewOperation returns an operation with the fixed members filled in.
func NewOperation(k Kind, t Target) Operation {
	return Operation{Schema: schemaOp, Kind: k, Target: t, Marker: markerV1}
}

// ParseOperation reads a canonical document and refuses any that [Operation.Validate] refuses.
func ParseOperation(doc []byte) (*Operation, error) {
	var op Operation
	if err := canon.Decode(doc, MaxOperation, &op); err != nil {
		return nil, RefuseErr(OperationMismatch, "the operation document cannot be read", err)
	}
	if err := op.Validate(); err != nil {
		return nil, RefuseErr(OperationMismatch, "the operation document is not valid", err)
	}
	return &op, nil
}

// Document returns the canonical bytes (RFC 8785).
func (o Operation) Document() ([]byte, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	return canon.Encode(o)
}

// Digest returns the SHA-256 of the canonical bytes; it fails where [Operation.Validate] fails.
func (o Operation) Digest() (Digest, error) {
	doc, err := o.Document()
	if err != nil {
		return Digest{}, err
	}
	return DigestOf(doc), nil
}

// MakerOfTag returns the tag_repo operation that makes the tag of this one: the one that Existing.After names.
func (o Operation) MakerOfTag() Operation {
	made, tag := NewOperation(TagRepo, o.Target), *o.Tag
	tag.Existing, made.Tag = nil, &tag
	return made
}

// Resource names what the operation takes on its repository, for single use across
// receipts: "refs/tags/T", or "head:base" for pull requests.
func (o Operation) Resource() string {
	if o.PullRequest != nil {
		return o.PullRequest.Head.Branch + ":" + o.PullRequest.Base.Branch
	}
	if o.Tag != nil {
		return "refs/tags/" + o.Tag.Name
	}
	return ""
}

// Key returns the op_key: one digest for all operations that would take the same
// resource of the same repository, whatever their content. At most one may be live.
func (o Operation) Key() (Digest, error) {
	b, err := canon.Encode([]any{"op-key/v1", o.Target.Type, o.Target.Host, o.Target.RepositoryID, o.Resource()})
	if err != nil {
		return Digest{}, err
	}
	return DigestOf(b), nil
}

// Call is one request that an operation would make, for people to read before it is made.
type Call struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Why    string `json:"why"`
}
