package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	validateFile = "validate.go"
	changesFile  = "validatechange.go"
)

var operationMutants = []mutant{
	{"e-mail", "refusing what no e-mail address holds", ".", "TestIdentities", []overlay.Patch{
		{File: validateFile, Old: "grammar.Of(local, mailName, 1, 64)", New: `local != "" && len(local) <= 64`},
	}},
	{"hidden-name", "refusing invisible characters in a name", ".", "TestIdentities", []overlay.Patch{
		{File: validateFile, Old: " || strings.IndexFunc(name, isHidden) >= 0", New: ""},
	}},
	{"cut-name", "refusing names that git would cut", ".", "TestIdentities", []overlay.Patch{
		{File: validateFile, Old: "strings.Trim(s, crud) == s", New: "strings.TrimSpace(s) == s"},
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
