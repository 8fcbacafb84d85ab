package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	applyFile  = "internal/gitobject/apply.go"
	objectFile = "plan/object.go"
	roomFile   = "plan/room.go"
)

var planMutants = []mutant{
	{"collision", "refusing a file that takes the place of a folder, a link or a submodule", "internal/gitobject", "TestCollisions", []overlay.Patch{
		{File: applyFile, Old: "if was.Mode != \"\" && !was.IsFile() {", New: "if false {"},
	}},
	{"collision-below", "refusing a folder that takes the place of a file, a link or a submodule", "internal/gitobject", "TestCollisions", []overlay.Patch{
		{File: applyFile, Old: "if was.Mode != \"\" && was.Mode != Folder {", New: "if false {"},
	}},
	{"room", "refusing a ref above or below one that is on GitHub", "plan", "TestRejections", []overlay.Patch{
		{File: roomFile, Old: "if looked.Beside == \"\" {", New: "if true {"},
	}},
	{"room-in-plan", "refusing two refs of one plan of which one is the folder of the other", "plan", "TestRejections", []overlay.Patch{
		{File: roomFile, Old: "if marketops.RefsCollide(mine, theirs) {", New: "if false {"},
	}},
	{"room-above", "asking GitHub for the refs above a new one", "plan/discover", "TestRefs", []overlay.Patch{
		{File: "plan/discover/lookup.go", Old: "if there {", New: "if there && false {"},
	}},
	{"keep-mode", "keeping the mode that a file has", "plan", "TestModes", []overlay.Patch{
		{File: applyFile, Old: "case was.Mode != \"\":\n\t\tp.Mode = was.Mode\n", New: ""},
	}},
	{"tree-id", "believing a tree only if it has its id", "internal/gitobject", "TestOtherTrees", []overlay.Patch{
		{File: applyFile, Old: "err = tree.check(id)", New: "_ = tree.check"},
	}},
	{"shown-object", "showing a file only if it has its id", "plan", "TestChangesAreVerified", []overlay.Patch{
		{File: objectFile, Old: "gitobject.LengthOf(id).Blob(data) != id", New: "false"},
		{File: objectFile, Old: "int64(len(out.New)) != c.Size || marketops.DigestOf(out.New) != c.SHA256", New: "false"},
	}},
	{"shown-digest", "showing a file only if it has the digest of the document", "plan", "TestForgedDocuments", []overlay.Patch{
		{File: objectFile, Old: " || marketops.DigestOf(out.New) != c.SHA256", New: ""},
	}},
	{"shown-tree", "showing a change set only if it makes the tree of the document", "plan", "TestForgedDocuments", []overlay.Patch{
		{File: objectFile, Old: "case result != set.Tree:", New: "case false:"},
	}},
	{"after-order", "taking a plan only if prerequisites come first", "plan/document", "TestAfter", []overlay.Patch{
		{File: "plan/document/after.go", Old: "case n > o.Number:", New: "case false:"},
	}},
	{"after-share", "letting a release share a tag only if it comes after it", "plan/document", "TestAfter", []overlay.Patch{
		{File: "plan/document/after.go", Old: "return isAfter && first", New: "return first"},
	}},
	{"after-rejected", "shipping nothing that comes after what is not shipped", "plan", "TestAfterRejected", []overlay.Patch{
		{File: "plan/evaluate.go", Old: "e.refuseOrphans(); err != nil", New: "error(nil); err != nil"},
	}},
	{"after-shown", "showing what an operation comes after", "internal/cli/describe", "TestAfter", []overlay.Patch{
		{File: "internal/cli/describe/describe.go", Old: "range after {", New: "range after[:0] {"},
	}},
	{"cut-folder", "reading no folder of which GitHub lists only the beginning", "plan/discover", "TestTree", []overlay.Patch{
		{File: "plan/discover/lookup.go", Old: "if t.Truncated {", New: "if false {"},
	}},
	{"key-material", "looking for keys in the files of a plan", "plan", "TestKeysAreRefused", []overlay.Patch{
		{File: "plan/asset.go", Old: "what := leaks.File(small.Bytes()); what != \"\"", New: "what := leaks.File(nil); what != \"\""},
	}},
	{"key-forms", "telling a key by its body, under any name", "internal/leaks", "TestKeysAreFound", []overlay.Patch{
		{File: "internal/leaks/leaks.go", Old: "binaryKey, pem,", New: "binaryKey,"},
	}},
	{"files-differ", "comparing the files with the plan", "plan", "TestAltered", []overlay.Patch{
		{File: "plan/altered.go", Old: "case digest != want.SHA256:", New: "case false:"},
	}},
	{"submit-differs", "refusing to submit a run whose files changed", "internal/cli/submit", "TestAlteredRefusal", []overlay.Patch{
		{File: "internal/cli/submit/submit.go", Old: "case len(changed) == 0:", New: "case true:"},
	}},
	{"plan-partial", "refusing a plan that leaves something out", "plan", "TestPartial", []overlay.Patch{
		{File: "plan/engine.go", Old: "planned < all && !e.o.AllowPartial", New: "false"},
	}},
	{"empty-pull", "refusing a pull request without a commit", "plan", "TestEmptyPull", []overlay.Patch{
		{File: "plan/pull.go", Old: "err == nil && on {", New: "on = on && false; err == nil && on {"},
	}},
	{"glob-link", "refusing a link on the way to assets", "plan", "TestLinksOnTheWay", []overlay.Patch{
		{File: "plan/glob.go", Old: "err == nil && to.Mode().IsRegular()", New: "err == nil || to == nil || to.Mode().IsRegular()"},
	}},
	{"glob-bound", "bounding the whole search for files", "plan", "TestBoundsOfLooking", []overlay.Patch{
		{File: "plan/glob.go", Old: "f.left -= len(list)", New: "_ = list"},
	}},
}
