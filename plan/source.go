package plan

import (
	"context"

	"github.com/omega/marketops"
)

// Source answers what is true on GitHub. It has no way to change anything.
//
// An error carries [marketops.SourceUnreadable] and means that nothing is known; it is never an
// absence. Where a [Presence] is returned, only [Absent] is a proof that there is nothing.
type Source interface {
	// Repository returns the repository of exactly this name; a renamed one is an error.
	Repository(ctx context.Context, fullName string) (Repository, error)
	// Commit returns the commit with this full object id.
	Commit(ctx context.Context, fullName, sha string) (Commit, error)
	// Branch returns where refs/heads/name stands, or which other branch leaves no room for it.
	Branch(ctx context.Context, fullName, name string) (Ref, error)
	// OnBranch reports whether a commit is the tip of the branch or one of its ancestors. A commit
	// that is readable by its id may belong to a fork only.
	OnBranch(ctx context.Context, fullName, branch, sha string) (bool, error)
	// Tag returns where refs/tags/name stands, at a tag object or at a commit, or which other tag leaves no room for it.
	Tag(ctx context.Context, fullName, name string) (Ref, error)
	// TagObject returns the tag object with this full object id.
	TagObject(ctx context.Context, fullName, id string) (TagObject, error)
	// Twin returns a ref that differs from this one, "refs/…", in letter case only, or "". It asks for the spellings that people
	// mix up, in lower case and with another first letter, and not for all.
	Twin(ctx context.Context, fullName, ref string) (string, error)
	// Release looks for a release on a tag, published or a draft that the reader may see.
	Release(ctx context.Context, fullName, tag string) (Release, error)
	// Tree returns the tree with this id: the entries make exactly this id.
	Tree(ctx context.Context, fullName, id string) (Tree, error)
	// Blob returns the bytes of a file with this id: they make exactly this id.
	Blob(ctx context.Context, fullName, id string) ([]byte, error)
	// Pull looks for an open pull request from a branch of the same repository.
	Pull(ctx context.Context, fullName, head, base string) (Pull, error)
}

// Presence is the answer of a lookup. The zero value is no answer.
type Presence int

// The answers.
const (
	Unknown Presence = iota
	Absent           // proven not to be there
	Present
)

// Repository is what GitHub says about a repository.
type Repository struct {
	ID            int64
	FullName      string
	DefaultBranch string
	Archived      bool
	Drafts        Drafts
}

// Drafts says whether the reader sees releases that are not published.
type Drafts int

// GitHub shows drafts to who may push. Of an App's token it does not say whether it may.
const (
	DraftsHidden Drafts = iota
	DraftsUnsure
	DraftsSeen
)

// Commit is one commit.
type Commit struct {
	SHA  string
	Tree string
	Date marketops.Time // the committer's
}

// Tree is one folder of a commit, in git's order.
type Tree []TreeEntry

// TreeEntry is one name in a folder.
type TreeEntry struct {
	Name, ID string
	Mode     string // as git writes it: "100644", "100755", "120000" a link, "40000" a folder, "160000" a submodule
	Size     int64  // of a file, as the source says; nothing rests on it
}

// Ref is a branch or a tag, if it is there.
type Ref struct {
	Presence Presence
	SHA      string
	Type     string // "commit" or, of a tag, "tag" and what else git has
	Beside   string // of an absent one: a ref above or below it, "refs/…", beside which git has no room for it
}

// TagObject is what an annotated tag points to, and what the source says about its signature.
type TagObject struct {
	Name         string // of the tag that it was made for
	Object, Type string // "commit", or what else git has
	Tagger       string // name and e-mail address; nothing rests on it
	Signature    string // such as "valid" or "unsigned"; nothing rests on it
}

// Release is a release, if it is there.
type Release struct {
	Presence Presence
	ID       int64
	Draft    bool
}

// Pull is a pull request, if it is there.
type Pull struct {
	Presence Presence
	Number   int
}
