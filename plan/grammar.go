package plan

import "github.com/omega/marketops"

// The grammar of names belongs to the operation document. It is asked here before the document is whole, so that a
// name is refused before it is sent anywhere and every bad name gets its own reason.

// tagGrammar refuses names that no tag of ours may have.
func tagGrammar(name string) error { return marketops.ValidateTagName(name) }

// branchGrammar refuses names that no branch of ours may have.
func branchGrammar(name string) error { return marketops.ValidateBranchName(name) }

// assetGrammar refuses names that GitHub would change.
func assetGrammar(name string) error { return marketops.ValidateAssetName(name) }

// taggerGrammar refuses identities that git would change.
func taggerGrammar(p marketops.Person) error {
	return marketops.ValidateIdentity("tagger", p.Name, p.Email)
}
