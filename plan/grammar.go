package plan

import (
	"strings"

	"github.com/omega/marketops"
)

// The grammar of names belongs to the operation document. It is asked here with a document that
// is valid but for the name in question, so that a name is refused before it is sent anywhere
// and every bad name gets its own reason.

var sample = marketops.Tag{
	Name: "v0", Commit: strings.Repeat("0", 40), Tree: strings.Repeat("0", 40), Message: "m",
	Tagger: marketops.Person{Name: neutralName, Email: neutralEmail, Date: 1},
}

func sampleOperation(k marketops.Kind) (marketops.Operation, *marketops.Tag) {
	tag := sample
	op := marketops.NewOperation(k, marketops.Target{Type: targetType, Host: "h", RepositoryID: 1, FullName: "o/r"})
	op.Tag = &tag
	return op, &tag
}

// tagGrammar refuses names that no tag of ours may have.
func tagGrammar(name string) error {
	op, tag := sampleOperation(marketops.TagRepo)
	tag.Name = name
	return op.Validate()
}

// branchGrammar refuses names that no branch of ours may have.
func branchGrammar(name string) error {
	op, _ := sampleOperation(marketops.OpenPR)
	base := marketops.Ref{Branch: name, SHA: sample.Commit}
	head := marketops.Ref{Branch: name + "-", SHA: sample.Commit}
	op.Tag, op.PullRequest = nil, &marketops.PullRequest{Base: base, Head: head, Title: "t"}
	return op.Validate()
}

// assetGrammar refuses names that GitHub would change or a shell could misread.
func assetGrammar(name string) error {
	op, _ := sampleOperation(marketops.PublishRelease)
	op.Release = &marketops.Release{MakeLatest: "false", Assets: []marketops.Asset{
		{Name: name, Size: 1, SHA256: marketops.DigestOf(nil), ContentType: defaultMedia},
	}}
	return op.Validate()
}

// taggerGrammar refuses identities that cannot stand in a git object.
func taggerGrammar(p marketops.Person) error {
	op, tag := sampleOperation(marketops.TagRepo)
	tag.Tagger = p
	return op.Validate()
}
