package policy

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
)

// Facts are what policy may know about one operation. The Core vouches for every one of them.
type Facts struct {
	Now             marketops.Time
	Requester       string   // person id
	RequesterGroups []string // of the trust file
	Kind            marketops.Kind
	Host            marketops.Host
	RepositoryID    int64
	FullName        string
	Tag, Bump       string // of tags and releases; Bump: major, minor, patch, prerelease or none
	ExistingTag     bool   // of releases: the tag is not made by the operation
	Prerelease      bool
	MakeLatest      bool
	Assets          int
	BaseBranch      string   // of pull requests
	Approvals       int      // distinct valid approvals, counted by the Core
	Approvers       []string // ids of the persons who gave them, no one twice
	Plan            marketops.Digest
	Observed        *Observed // nil: the Core did not look
}

// Observed are the facts that the Core read from GitHub itself.
type Observed struct {
	DefaultBranch  string `json:"default_branch"`
	CommitOnBranch bool   `json:"commit_on_branch"`
	TagAbsent      bool   `json:"tag_absent"` // or this operation has tried to make it
	Archived       bool   `json:"archived"`
	HeadSHA        string `json:"head_sha"`
}

var bumps = []string{"major", "minor", "patch", "prerelease", "none"}

// check refuses facts that are incomplete or contradict themselves: they are a mistake of the
// Core, and no policy could be meant for them.
func (f Facts) check() error {
	switch {
	case f.Now <= 0 || f.Plan.IsZero():
		return fmt.Errorf("there is no time or no plan")
	case f.Host == "" || f.RepositoryID <= 0 || f.RepositoryID > maxID || f.FullName == "":
		return fmt.Errorf("there is no repository")
	case f.Assets < 0:
		return fmt.Errorf("%d assets", f.Assets)
	}
	if err := f.checkKind(); err != nil {
		return err
	}
	return f.checkPeople()
}

func (f Facts) checkKind() error {
	tagged := f.Tag != "" && slices.Contains(bumps, f.Bump) && f.BaseBranch == ""
	plain := !f.ExistingTag && !f.Prerelease && !f.MakeLatest && f.Assets == 0
	switch f.Kind {
	case marketops.PublishRelease:
		if tagged {
			return nil
		}
	case marketops.TagRepo:
		if tagged && plain {
			return nil
		}
	case marketops.OpenPR:
		if f.BaseBranch != "" && f.Tag == "" && (f.Bump == "" || f.Bump == "none") && plain {
			return nil
		}
	default:
		return fmt.Errorf("kind %.40q is not known", f.Kind)
	}
	return fmt.Errorf("tag, bump, branch and release facts do not fit %s", f.Kind)
}

func (f Facts) checkPeople() error {
	if f.Requester == "" || len(f.Approvers) > maxPeople || len(f.RequesterGroups) > maxPeople {
		return fmt.Errorf("no requester, or more than %d persons or groups", maxPeople)
	}
	if n := len(f.Approvers); f.Approvals < 0 || f.Approvals > n || len(slices.Compact(slices.Sorted(slices.Values(f.Approvers)))) != n {
		return fmt.Errorf("%d approvals by %d approvers", f.Approvals, n)
	}
	texts := append([]string{f.Requester, string(f.Host), f.FullName, f.Tag, f.BaseBranch}, f.Approvers...)
	texts = append(texts, f.RequesterGroups...)
	if f.Observed != nil {
		texts = append(texts, f.Observed.DefaultBranch, f.Observed.HeadSHA)
	}
	for _, s := range texts {
		if !utf8.ValidString(s) || len(s) > maxText {
			return fmt.Errorf("a text is not UTF-8 or longer than %d bytes", maxText)
		}
	}
	if slices.Contains(f.Approvers, "") || slices.Contains(f.RequesterGroups, "") {
		return fmt.Errorf("a person or group without a name")
	}
	return nil
}

// The record of what was judged.
type request struct {
	Schema     string           `json:"schema"`
	Bundle     marketops.Digest `json:"bundle"`
	Now        marketops.Time   `json:"now"`
	Requester  string           `json:"requester"`
	Groups     []string         `json:"groups"`
	Kind       marketops.Kind   `json:"kind"`
	Host       marketops.Host   `json:"host"`
	Repository int64            `json:"repository_id"`
	FullName   string           `json:"full_name"`
	Tag        string           `json:"tag"`
	Bump       string           `json:"bump"`
	Existing   bool             `json:"existing_tag,omitzero"`
	Prerelease bool             `json:"prerelease"`
	MakeLatest bool             `json:"make_latest"`
	Assets     int              `json:"assets"`
	Base       string           `json:"base_branch"`
	Approvals  int              `json:"approvals"`
	Approvers  []string         `json:"approvers"`
	Plan       marketops.Digest `json:"plan"`
	Observed   *Observed        `json:"observed,omitzero"`
}

const requestSchema = "marketops.policy-request/v1"

// MaxRequest is the largest copy of what policy judged, in bytes.
const MaxRequest = 4 << 20

// record returns the canonical copy (RFC 8785); groups and approvers in order, because they are sets.
func (f Facts) record(bundle marketops.Digest) ([]byte, error) {
	return canon.Encode(request{
		requestSchema, bundle, f.Now, f.Requester, set(f.RequesterGroups), f.Kind, f.Host, f.RepositoryID, f.FullName,
		f.Tag, f.Bump, f.ExistingTag, f.Prerelease, f.MakeLatest, f.Assets, f.BaseBranch, f.Approvals, set(f.Approvers), f.Plan, f.Observed,
	})
}

func set(in []string) []string {
	out := slices.Compact(slices.Sorted(slices.Values(in)))
	if out == nil {
		out = []string{}
	}
	return out
}

// ParseRequest reads back the copy that a [Decision] carries, to judge it again, and the digest
// of the bundle that judged it first.
func ParseRequest(doc []byte) (Facts, marketops.Digest, error) {
	var r request
	if err := canon.Decode(doc, MaxRequest, &r); err != nil {
		return Facts{}, marketops.Digest{}, fmt.Errorf("policy request: %w", err)
	}
	if r.Schema != requestSchema {
		return Facts{}, marketops.Digest{}, fmt.Errorf("policy request of schema %.40q", r.Schema)
	}
	return Facts{
		r.Now, r.Requester, r.Groups, r.Kind, r.Host, r.Repository, r.FullName, r.Tag, r.Bump,
		r.Existing, r.Prerelease, r.MakeLatest, r.Assets, r.Base, r.Approvals, r.Approvers, r.Plan, r.Observed,
	}, r.Bundle, nil
}
