package marketops

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/omega/marketops/internal/canon"
)

// Limits of an operation document; GitHub's own where it has one.
const (
	MaxOperation = 1 << 20             // bytes of one document
	MaxBody      = 125_000             // characters of a release or pull request body
	MaxAssets    = 1000                // assets of one release
	MaxAssetSize = 2<<30 - 1           // bytes of one asset
	MaxName      = 255                 // bytes of a tag, branch, asset name or title
	maxID        = 999_999_999_999_999 // repository ids: exact in canonical JSON
	schemaOp     = "marketops.operation/v1"
	markerV1     = 1
)

// Kind is what an operation does.
type Kind string

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
	Host         string `json:"host"` // of the API base URL, with a port only where that has one
	RepositoryID int64  `json:"repository_id"`
	FullName     string `json:"full_name"` // owner/name
}

// ID returns "host#id", the form that selectors of a trust file match.
func (t Target) ID() string { return fmt.Sprintf("%s#%d", t.Host, t.RepositoryID) }

// Owner returns the part of the full name before the slash.
func (t Target) Owner() string { o, _, _ := strings.Cut(t.FullName, "/"); return o }

// Repo returns the part of the full name after the slash.
func (t Target) Repo() string { _, r, _ := strings.Cut(t.FullName, "/"); return r }

// Tag is an annotated tag: refs/tags/Name at a tag object that points to Commit.
type Tag struct {
	Name    string `json:"name"`
	Commit  string `json:"commit"` // full SHA-1 or SHA-256 in hex
	Tree    string `json:"tree"`
	Message string `json:"message"` // as planned; GitHub shows [Operation.TagMessage]
	Tagger  Person `json:"tagger"`
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
}

// Change is one file of a change set.
type Change struct {
	Path   string `json:"path"`
	Mode   string `json:"mode"` // "100644" or "100755"
	Size   int64  `json:"size"`
	SHA256 Digest `json:"sha256"`
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

// Marker lines tie what GitHub shows to the operation that asked for it. They find;
// comparing content decides, because anyone with write access can copy a line.
const (
	bodyMarker = "<!-- marketops op="
	tagMarker  = "Marketops-Operation: "
)

// ReleaseBody returns the text that GitHub will hold: the planned body and the marker.
func (o Operation) ReleaseBody() (string, error) { return o.marked(o.Release.Body) }

// PullRequestBody returns the text that GitHub will hold: the planned body and the marker.
func (o Operation) PullRequestBody() (string, error) { return o.marked(o.PullRequest.Body) }

func (o Operation) marked(text string) (string, error) {
	d, err := o.Digest()
	if err != nil {
		return "", err
	}
	return text + "\n\n" + bodyMarker + d.String() + " -->", nil
}

// TagMessage returns the message of the tag object: the planned one and the marker.
func (o Operation) TagMessage() (string, error) {
	d, err := o.Digest()
	if err != nil {
		return "", err
	}
	return o.Tag.Message + "\n\n" + tagMarker + d.String() + "\n", nil
}

var (
	hostRE      = regexp.MustCompile(`^[a-z0-9.-]{1,253}(:[0-9]{1,5})?$`)
	fullNameRE  = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$`)
	assetNameRE = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	refNameRE   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/+-]*$`)
	shaRE       = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	typeRE      = regexp.MustCompile(`^[a-z0-9.+-]{1,80}/[a-z0-9.+-]{1,80}$`)
	emailRE     = regexp.MustCompile(`^[^\s<>@]{1,64}@[A-Za-z0-9.-]{1,255}$`)
)

// FullSHA reports whether s is a full git object id in lower-case hex.
func FullSHA(s string) bool { return shaRE.MatchString(s) }

// Validate reports the first thing that an operation document must not contain. The codes
// are [NameUnsafe] for names and text, [OperationMismatch] for everything else.
func (o Operation) Validate() error {
	if o.Schema != schemaOp || o.Marker != markerV1 {
		return Refuse(OperationMismatch, fmt.Sprintf("schema %.40q with marker %d is not known", o.Schema, o.Marker))
	}
	if err := o.Target.validate(); err != nil {
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

func (t Target) validate() error {
	if t.Type != "github" || !hostRE.MatchString(t.Host) || t.RepositoryID <= 0 || t.RepositoryID > maxID {
		return Refuse(RepositoryMismatch, fmt.Sprintf("target %.300q is not a GitHub repository", t.ID()))
	}
	if n := t.Repo(); !fullNameRE.MatchString(t.FullName) || n == "." || n == ".." || strings.HasSuffix(n, ".git") {
		return Refuse(NameUnsafe, fmt.Sprintf("%.200q is not a repository name of GitHub's grammar", t.FullName))
	}
	return nil
}

func (o Operation) validateTag() error {
	if o.Tag == nil || o.Release != nil || o.PullRequest != nil {
		return Refuse(OperationMismatch, "tag_repo has a tag and nothing else")
	}
	return o.Tag.validate()
}

func (t *Tag) validate() error {
	if err := refName("tag", t.Name); err != nil {
		return err
	}
	if !FullSHA(t.Commit) || !FullSHA(t.Tree) || len(t.Commit) != len(t.Tree) {
		return Refuse(OperationMismatch, "commit and tree must be full object ids")
	}
	if t.Message == "" {
		return Refuse(NameUnsafe, "the tag message is empty")
	}
	if err := Text("tag message", t.Message, MaxBody); err != nil {
		return err
	}
	return t.Tagger.validate("tagger")
}

func (p Person) validate(role string) error {
	if p.Name == "" || strings.TrimSpace(p.Name) != p.Name || strings.ContainsAny(p.Name, "<>\n") {
		return Refuse(NameUnsafe, fmt.Sprintf("%s name %.80q cannot stand in a git object", role, p.Name))
	}
	if !emailRE.MatchString(p.Email) {
		return Refuse(NameUnsafe, fmt.Sprintf("%s e-mail %.80q cannot stand in a git object", role, p.Email))
	}
	if p.Date <= 0 {
		return Refuse(OperationMismatch, role+" has no date")
	}
	return Line(role+" name", p.Name)
}

func (o Operation) validateRelease() error {
	if o.Tag == nil || o.Release == nil || o.PullRequest != nil {
		return Refuse(OperationMismatch, "publish_release has a tag and a release and nothing else")
	}
	if err := o.Tag.validate(); err != nil {
		return err
	}
	r := o.Release
	if err := Line("release name", r.Name); err != nil {
		return err
	}
	if err := Text("release body", r.Body, MaxBody); err != nil {
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
		if !assetNameRE.MatchString(a.Name) || len(a.Name) > MaxName {
			return Refuse(AssetUnsafe, fmt.Sprintf("asset name %.80q; allowed is %s", a.Name, assetNameRE))
		}
		if i > 0 && assets[i-1].Name >= a.Name {
			return Refuse(AssetUnsafe, fmt.Sprintf("asset %.80q is twice there or out of order", a.Name))
		}
		if a.Size <= 0 || a.Size > MaxAssetSize || a.SHA256.IsZero() || !typeRE.MatchString(a.ContentType) {
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
	if err := Line("title", p.Title); err != nil {
		return err
	}
	if p.Changes != nil {
		if err := p.Changes.validate(); err != nil {
			return err
		}
	}
	return Text("pull request body", p.Body, MaxBody)
}

func (p *PullRequest) validateRefs() error {
	for _, r := range []Ref{p.Base, p.Head} {
		if err := refName("branch", r.Branch); err != nil {
			return err
		}
	}
	if !FullSHA(p.Base.SHA) || (p.Changes == nil) != FullSHA(p.Head.SHA) || (p.Changes != nil && p.Head.SHA != "") {
		return Refuse(OperationMismatch, "base, and head unless there is a change set, must be full commit ids")
	}
	if p.Base.Branch == p.Head.Branch {
		return Refuse(OperationMismatch, "base and head are the same branch")
	}
	return nil
}

func (c *ChangeSet) validate() error {
	if len(c.Changes) == 0 || len(c.Changes) > MaxAssets {
		return Refuse(OperationMismatch, fmt.Sprintf("%d changes, want 1 to %d", len(c.Changes), MaxAssets))
	}
	if err := Text("commit message", c.Message, MaxBody); err != nil {
		return err
	}
	for i, ch := range c.Changes {
		if err := ch.validate(); err != nil {
			return err
		}
		if i > 0 && c.Changes[i-1].Path >= ch.Path {
			return Refuse(NameUnsafe, fmt.Sprintf("path %.200q is twice there or out of order", ch.Path))
		}
	}
	return c.Author.validate("author")
}

func (c Change) validate() error {
	for _, part := range strings.Split(c.Path, "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") {
			return Refuse(NameUnsafe, fmt.Sprintf("path %.200q is not a clean relative path", c.Path))
		}
	}
	if c.Mode != "100644" && c.Mode != "100755" || c.SHA256.IsZero() || c.Size < 0 || c.Size > MaxAssetSize {
		return Refuse(AssetUnsafe, fmt.Sprintf("change %.200q: mode, size or digest is not usable", c.Path))
	}
	return Line("path", c.Path)
}

// refName accepts the part of git-check-ref-format that cannot be misread by people or shells.
func refName(what, s string) error {
	ok := refNameRE.MatchString(s) && len(s) <= MaxName && !strings.Contains(s, "..") && !strings.Contains(s, "//") &&
		!strings.HasSuffix(s, "/") && !strings.HasSuffix(s, ".") && !FullSHA(s)
	for _, part := range strings.Split(s, "/") {
		ok = ok && !strings.HasPrefix(part, ".") && !strings.HasSuffix(part, ".lock")
	}
	if !ok {
		return Refuse(NameUnsafe, fmt.Sprintf("%s name %.80q", what, s))
	}
	return nil
}

// Line checks one line of text: at most [MaxName] bytes, no control or bidirectional
// characters, no surrounding space. The code is [NameUnsafe].
func Line(what, s string) error {
	if strings.ContainsAny(s, "\n\t") || strings.TrimSpace(s) != s || len(s) > MaxName {
		return Refuse(NameUnsafe, fmt.Sprintf("%s %.80q is not one clean line of at most %d bytes", what, s, MaxName))
	}
	return Text(what, s, MaxName)
}

// Text checks text of several lines: UTF-8, at most limit characters, no CR, no trailing
// white space in any line or at the end, no control or bidirectional characters, and no line
// that looks like a marker, so that read-back can compare text + marker to the letter.
func Text(what, s string, limit int) error {
	if len([]rune(s)) > limit {
		return Refuse(NameUnsafe, fmt.Sprintf("%s is longer than %d characters", what, limit))
	}
	for i, r := range s {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || isBidi(r) || r == '\uFFFD' {
			return Refuse(NameUnsafe, fmt.Sprintf("%s has the character %U at byte %d", what, r, i))
		}
	}
	if strings.HasSuffix(s, "\n") {
		return Refuse(NameUnsafe, what+" ends in an empty line")
	}
	for i, line := range strings.Split(s, "\n") {
		if strings.TrimRight(line, " \t") != line {
			return Refuse(NameUnsafe, fmt.Sprintf("%s line %d ends in white space", what, i+1))
		}
		low := strings.ToLower(line)
		if strings.Contains(low, "<!-- marketops") || strings.HasPrefix(low, "marketops-operation:") {
			return Refuse(NameUnsafe, fmt.Sprintf("%s line %d looks like a marker", what, i+1))
		}
	}
	return nil
}

func isBidi(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c || r == 0x2028 || r == 0x2029
}

// Call is one request that an operation would make, for people to read before it is made.
type Call struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Why    string `json:"why"`
}
