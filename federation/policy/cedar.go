package policy

import (
	"github.com/cedar-policy/cedar-go"
	cast "github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"github.com/omega/marketops"
)

// The names of the schema.
const (
	personType     types.EntityType = "Marketops::Person"
	groupType      types.EntityType = "Marketops::Group"
	repositoryType types.EntityType = "Marketops::Repository"
	actionType     types.EntityType = "Marketops::Action"
)

func person(id string) types.EntityUID { return types.NewEntityUID(personType, types.String(id)) }

// build translates facts into a request and its entities. Actions carry their parents, or
// a policy about a group of actions would miss them.
func (b *Bundle) build(f Facts) (types.Request, types.EntityMap) {
	repository := types.NewEntityUID(repositoryType, types.String(marketops.Target{Host: f.Host, RepositoryID: f.RepositoryID}.ID()))
	entities := types.EntityMap{repository: {UID: repository, Attributes: types.NewRecord(types.RecordMap{
		"host":          types.String(string(f.Host)),
		"repository_id": types.Long(f.RepositoryID),
		"full_name":     types.String(f.FullName),
	})}}
	for _, id := range f.Approvers {
		entities[person(id)] = types.Entity{UID: person(id)}
	}
	var parents []types.EntityUID
	for _, g := range f.RequesterGroups {
		group := types.NewEntityUID(groupType, types.String(g))
		parents = append(parents, group)
		entities[group] = types.Entity{UID: group}
	}
	entities[person(f.Requester)] = types.Entity{UID: person(f.Requester), Parents: types.NewEntityUIDSet(parents...)}
	for uid := range b.schema.Actions {
		entities[uid] = types.Entity{UID: uid, Parents: b.ancestors(uid)}
	}
	return types.Request{
		Principal: person(f.Requester),
		Action:    types.NewEntityUID(actionType, types.String(f.Kind)),
		Resource:  repository,
		Context:   f.context(),
	}, entities
}

// ancestors returns the transitive parents of an action; resolving refused cycles.
func (b *Bundle) ancestors(uid types.EntityUID) types.EntityUIDSet {
	seen := map[types.EntityUID]bool{}
	todo := []types.EntityUID{uid}
	var all []types.EntityUID
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		for p := range b.schema.Actions[next].Entity.Parents.All() {
			if !seen[p] {
				seen[p] = true
				all, todo = append(all, p), append(todo, p)
			}
		}
	}
	return types.NewEntityUIDSet(all...)
}

func (f Facts) context() types.Record {
	c := types.RecordMap{"common": f.common()}
	switch f.Kind {
	case marketops.PublishRelease:
		c["existing_tag"] = types.Boolean(f.ExistingTag)
		c["prerelease"] = types.Boolean(f.Prerelease)
		c["make_latest"] = types.Boolean(f.MakeLatest)
		c["assets"] = types.Long(f.Assets)
		fallthrough
	case marketops.TagRepo:
		c["tag"], c["bump"] = types.String(f.Tag), types.String(f.Bump)
	case marketops.OpenPR:
		c["base_branch"] = types.String(f.BaseBranch)
	}
	return types.NewRecord(c)
}

func (f Facts) common() types.Record {
	approvers := make([]types.Value, len(f.Approvers))
	for i, id := range f.Approvers {
		approvers[i] = person(id)
	}
	c := types.RecordMap{
		"now":       types.NewDatetime(f.Now.Time()),
		"plan":      types.String(f.Plan.String()),
		"approvals": types.Long(f.Approvals),
		"approvers": types.NewSet(approvers...),
	}
	if o := f.Observed; o != nil {
		c["observed"] = types.NewRecord(types.RecordMap{
			"default_branch":   types.String(o.DefaultBranch),
			"commit_on_branch": types.Boolean(o.CommitOnBranch),
			"tag_absent":       types.Boolean(o.TagAbsent),
			"archived":         types.Boolean(o.Archived),
			"head_sha":         types.String(o.HeadSHA),
		})
	}
	return types.NewRecord(c)
}

// probes are complete facts of every kind, with and without observation.
func probes() []Facts {
	base := Facts{
		Now: 1, Requester: "requester", RequesterGroups: []string{"group"}, Host: "github.com", RepositoryID: 1,
		FullName: "owner/name", Approvals: 1, Approvers: []string{"approver"}, Plan: marketops.DigestOf(nil),
	}
	tag, release, pr := base, base, base
	tag.Kind, tag.Tag, tag.Bump = marketops.TagRepo, "v1", "none"
	release.Kind, release.Tag, release.Bump = marketops.PublishRelease, "v1", "none"
	pr.Kind, pr.BaseBranch = marketops.OpenPR, "main"
	out := []Facts{tag, release, pr}
	for _, f := range out[:3] {
		f.Observed = &Observed{}
		out = append(out, f)
	}
	return out
}

// scopeOnly returns a permit that matches whatever the scope of p matches.
func scopeOnly(p *ast.Policy) *cedar.Policy {
	return cedar.NewPolicyFromAST((*cast.Policy)(&ast.Policy{
		Effect: ast.EffectPermit, Principal: p.Principal, Action: p.Action, Resource: p.Resource,
	}))
}

// asksObserved reports whether a policy asks for what was observed, or whether anything was.
func asksObserved(p *ast.Policy) (asks bool) {
	for _, c := range p.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			switch n := n.(type) {
			case ast.NodeTypeHas:
				asks = asks || n.Value == "observed"
			case ast.NodeTypeAccess:
				asks = asks || n.Value == "observed"
			}
			return true
		})
	}
	return asks
}

// groups returns the groups that a policy names, in its scope or in a condition.
func groups(p *ast.Policy) []string {
	var out []string
	note := func(uid types.EntityUID) {
		if uid.Type == groupType {
			out = append(out, string(uid.ID))
		}
	}
	switch s := p.Principal.(type) {
	case ast.ScopeTypeIn:
		note(s.Entity)
	case ast.ScopeTypeIsIn:
		note(s.Entity)
	}
	for _, c := range p.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			if v, ok := n.(ast.NodeValue); ok {
				if uid, ok := v.Value.(types.EntityUID); ok {
					note(uid)
				}
			}
			return true
		})
	}
	return out
}
