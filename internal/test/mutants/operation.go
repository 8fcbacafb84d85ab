package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	validateFile = "validate.go"
	changesFile  = "validatechange.go"
	personFile   = "personname.go"
	refFile      = "refname.go"
)

var operationMutants = []mutant{
	{"e-mail", "refusing what no e-mail address holds", ".", "TestIdentities", []overlay.Patch{
		{File: personFile, Old: "grammar.Of(local, mailName, 1, 64)", New: `local != "" && len(local) <= 64`},
	}},
	{"hidden-name", "refusing invisible characters in a name", ".", "TestIdentities", []overlay.Patch{
		{File: personFile, Old: "if isHidden(r) {", New: "if false && isHidden(r) {"},
	}},
	{"cut-name", "refusing names that git would cut", ".", "TestIdentities", []overlay.Patch{
		{File: personFile, Old: "|| strings.ContainsRune(crud, r)", New: ""},
	}},
	{"head", "refusing a tag or branch HEAD", ".", "TestRefNames", []overlay.Patch{
		{File: refFile, Old: "case up == \"HEAD\":", New: "case false:"},
	}},
	{"ref-prefix", "refusing a name that begins with refs/, heads/ or tags/", ".", "TestRefNames", []overlay.Patch{
		{File: refFile, Old: "case !strings.HasPrefix(name, p):", New: "case true:"},
	}},
	{"ref-id", "refusing a name that git takes for an object id", ".", "TestRefNames", []overlay.Patch{
		{File: refFile, Old: "anyHex, 40, 40)", New: "anyHex, 41, 41)"},
	}},
	{"ref-shell", "refusing a name on which a shell acts", ".", "TestRefNames", []overlay.Patch{
		{File: refFile, Old: "\"._/+@#=,-\"", New: "\"._/+@#=,$(;-\""},
	}},
	{"ref-length", "refusing a ref that is too long for GitHub", ".", "TestLengths", []overlay.Patch{
		{File: refFile, Old: "maxRef - len(space)", New: "maxRef"},
	}},
	{"kept-asset", "refusing a file name that GitHub would change", ".", "TestAssetNames", []overlay.Patch{
		{File: "assetname.go", Old: "grammar.Of(s, assetChars, 1, MaxName)", New: "grammar.Of(s, assetChars+\"~ \", 1, MaxName)"},
	}},
	{"id-lengths", "refusing commit ids of two lengths", "docs", "TestOperationMembers", []overlay.Patch{
		{File: validateFile, Old: " || p.Changes == nil && len(p.Base.SHA) != len(p.Head.SHA)", New: ""},
	}},
	{"maker", "comparing the operation that makes a tag with the named one", ".", "TestExistingTagIsBoundWhole", []overlay.Patch{
		{File: validateFile, Old: "if made != e.After || ", New: "if made == (Digest{}) || "},
	}},
	{"own-words", "refusing words of ours for a tag that is there", ".", "TestExistingTagIsBoundWhole", []overlay.Patch{
		{File: validateFile, Old: "case t.Message != \"\" || t.Tagger != Person{}:", New: "case false:"},
	}},
	{"git-folder", "refusing what some system takes for git's own folder", "docs", "TestOperationMembers", []overlay.Patch{
		{File: changesFile, Old: "name = strings.TrimRight(name, \" .\")", New: "_ = name"},
	}},
	{"letter-case", "refusing two paths of one spelling in another case", "docs", "TestOperationMembers", []overlay.Patch{
		{File: changesFile, Old: "ok && other != at {", New: "ok && other != at && false {"},
	}},
	{"file-and-folder", "refusing a file that is the folder of another", "docs", "TestOperationMembers", []overlay.Patch{
		{File: changesFile, Old: "if at = at[:slash]; files[at] {", New: "if at = at[:slash]; false {"},
	}},
	{"nothing-changes", "refusing a change set that changes nothing", "docs", "TestOperationMembers", []overlay.Patch{
		{File: changesFile, Old: "if c.BaseTree == c.Tree {", New: "if false {"},
	}},
	{"no-time", "refusing a window that begins at no time", "docs", "TestNoTime", []overlay.Patch{
		{File: "receipt/validate.go", Old: "if a.NotBefore <= 0 || ", New: "if "}, {File: "receipt/validate.go", Old: "if r.NotBefore <= 0 || ", New: "if "},
	}},
	{"zero-body", "refusing a request for no body", "docs", "TestZeroDigests", []overlay.Patch{
		{File: "receipt/validate.go", Old: "digests(r.Body), log.CheckOrigin(r.Core)", New: "log.CheckOrigin(r.Core)"},
	}},
	{"nameless-group", "refusing a group without a name", "docs", "TestTrustMembers", []overlay.Patch{
		{File: "receipt/trust/load.go", Old: `group != "" && `, New: ""},
	}},
}
