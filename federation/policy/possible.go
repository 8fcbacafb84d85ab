package policy

import (
	"errors"
	"fmt"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

// Cedar takes "x has misspelt" for a question whose answer is no, and then leaves what is
// guarded by it unchecked. Of a forbid that makes an open door, so both are asked for here.

var errImpossible = errors.New("it can never match")

// checkPossible refuses a policy that matches no request at all. The validator does not say so, but
// it leaves unchecked what follows a condition that is always false: nonsense after the
// conditions passes only then.
func checkPossible(v *validate.Validator, p *ast.Policy) error {
	nonsense := ast.Long(int64(1)).LessThan(ast.String("a"))
	body := ast.True()
	for _, c := range p.Conditions {
		n := ast.NewNode(c.Body)
		if c.Condition == ast.ConditionUnless {
			n = ast.Not(n)
		}
		body = body.And(n)
	}
	trial := *p
	trial.Conditions = []ast.ConditionType{{Condition: ast.ConditionWhen, Body: body.And(nonsense).AsIsNode()}}
	if v.Policy("trial", &trial) == nil {
		return errImpossible
	}
	return nil
}

// checkHas refuses "… has name" where no request could have the name there.
func checkHas(s *resolved.Schema, p *ast.Policy) error {
	var err error
	for _, c := range p.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			if h, ok := n.(ast.NodeTypeHas); ok && err == nil && !couldHave(s, h) {
				err = fmt.Errorf("has %.80q: nothing could have it there", h.Value)
			}
			return err == nil
		})
	}
	return err
}

func couldHave(s *resolved.Schema, h ast.NodeTypeHas) bool {
	for uid, a := range s.Actions {
		if a.AppliesTo == nil {
			continue
		}
		if r, ok := record(s, s.Actions[uid].AppliesTo, h.Arg); ok {
			if _, ok := r[h.Value]; ok {
				return true
			}
		}
	}
	return false
}

// record returns the members of what a chain such as context.common leads to, for one action.
func record(s *resolved.Schema, a *resolved.AppliesTo, n ast.IsNode) (resolved.RecordType, bool) {
	switch n := n.(type) {
	case ast.NodeTypeVariable:
		switch n.Name {
		case "context":
			return a.Context, true
		case "principal":
			return shape(s, a.Principals)
		case "resource":
			return shape(s, a.Resources)
		}
	case ast.NodeTypeAccess:
		outer, ok := record(s, a, n.Arg)
		if !ok {
			return nil, false
		}
		switch t := outer[n.Value].Type.(type) {
		case resolved.RecordType:
			return t, true
		case resolved.EntityType:
			return shape(s, []types.EntityType{types.EntityType(t)})
		}
	}
	return nil, false
}

// shape returns the members of the one entity type that may stand there.
func shape(s *resolved.Schema, kinds []types.EntityType) (resolved.RecordType, bool) {
	if len(kinds) != 1 {
		return nil, false
	}
	e, ok := s.Entities[kinds[0]]
	return e.Shape, ok
}
