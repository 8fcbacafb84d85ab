package githubtest

import "strings"

// Kind names what a request changed.
type Kind string

// The kinds of effects. Those that strangers can see say so in Effect.Visible.
const (
	BlobMade         Kind = "blob-made"   // inert until a ref reaches it, like the next three
	TreeMade         Kind = "tree-made"   //
	CommitMade       Kind = "commit-made" //
	TagObjectMade    Kind = "tag-object-made"
	RefCreated       Kind = "ref-created" // visible; also the lightweight tag that publishing makes
	RefDeleted       Kind = "ref-deleted" // visible
	DraftCreated     Kind = "draft-created"
	ReleasePublished Kind = "release-published" // visible
	ReleaseUpdated   Kind = "release-updated"   // visible unless it is a draft
	ReleaseDeleted   Kind = "release-deleted"   // visible unless it was a draft
	AssetUploaded    Kind = "asset-uploaded"    // visible unless its release is a draft
	AssetDeleted     Kind = "asset-deleted"     // visible unless its release is a draft
	PullOpened       Kind = "pull-opened"       // visible
	PullClosed       Kind = "pull-closed"       // visible
)

// Effect is one change of the world.
type Effect struct {
	Seq     int    `json:"seq"` // of the request that caused it
	Kind    Kind   `json:"kind"`
	Repo    string `json:"repo"`    // owner/name
	Subject string `json:"subject"` // ref, tag, asset name or head branch
	Object  string `json:"object"`  // the git object, or "sha256:…" of an asset
	ID      int64  `json:"id"`      // of a release, asset or pull request
	Visible bool   `json:"visible"`
}

// String is one line: "ref-created octo-org/widgets refs/tags/v1 3b1f9c2…".
func (e Effect) String() string {
	parts := []string{string(e.Kind), e.Repo, e.Subject, e.Object}
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " ")
}
