package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	baseTreeFile = "publisher/github/basetree.go"
	changeFile   = "publisher/github/change.go"
	draftFile    = "publisher/github/draft.go"
	effectFile   = "publisher/github/effect.go"
	originFile   = "publisher/github/internal/wire/origin.go"
	trialFile    = "publisher/github/trial.go"
)

var githubMutants = []mutant{
	{"userrights", "taking no rights of a user for those of an App", "publisher/github", "TestRightsOfAnApp", []overlay.Patch{
		{File: "publisher/github/reader.go", Old: "r.Permissions.Pull && !r.Permissions.Push", New: "!r.Permissions.Push"},
	}},
	{"scopes", "asking a classic token for its scopes", "publisher/github", "TestRights", []overlay.Patch{
		{File: "publisher/github/reader.go", Old: "case classic && ", New: "case false && classic && "},
	}},
	{"order", "preparing the release before its tag is visible", "publisher/github", "TestForeignRelease", []overlay.Patch{
		{File: "publisher/github/publish.go", Old: "w.tag.ensure(ctx, w.prepare)", New: "w.tag.ensure(ctx, w.tag.prepare)"},
	}},
	{"noroom", "seeing a ref that leaves no room before anything is written", "publisher/github", "TestNoRoom", []overlay.Patch{
		{File: "publisher/github/reader.go", Old: "if err != nil || beside == \"\" {", New: "if true {"},
	}},
	{"noroom-above", "asking for the refs above a new one before anything is written", "publisher/github", "TestNoRoom", []overlay.Patch{
		{File: "publisher/github/reader.go", Old: "if beside == \"\" {\n\t\tbeside, err", New: "if false {\n\t\tbeside, err"},
	}},
	{"tagback", "reading the tag again after the release", "publisher/github", "TestTamperBehindTag", []overlay.Patch{
		{File: "publisher/github/tag.go", Old: "case at.presence == publisher.Found && (object == \"\" || found == object):", New: "case found != \"-\":"},
	}},
	// The model makes these two mistakes too.
	{"passing", "trying a refusal again that GitHub may take back", "publisher/github", "TestRenewal", []overlay.Patch{
		{File: "publisher/github/internal/wire/passing.go", Old: "call.refusals < maxPassing", New: "false"},
	}},
	{"unseen", "trying again what GitHub calls invalid because it does not see it yet", "publisher/github", "TestUnseen", []overlay.Patch{
		{File: "publisher/github/internal/wire/passing.go", Old: " && x.callsValueInvalid())", New: " && false)"},
	}},
	{"tooquick", "knowing a limit that GitHub words as invalid content", "publisher/github/internal/wire", "TestClass", []overlay.Patch{
		{File: "publisher/github/internal/wire/class.go", Old: ", x.isTooQuick():", New: ":"},
	}},
	{"lighten", "asking for smaller pages of a list that is too heavy", "publisher/github", "TestHeavyLists", []overlay.Patch{
		{File: "publisher/github/internal/wire/list.go", Old: "p.size = smaller[p.size]", New: "_ = smaller"},
	}},
	{"lightpage", "keeping the place in a list when its pages become smaller", "publisher/github", "TestHeavyPage", []overlay.Patch{
		{File: "publisher/github/internal/wire/list.go", Old: "p.number = before/p.size + 1", New: "p.number = before/p.size + 2"},
	}},
	{"recall", "noting a draft at the Core before it is filled", "publisher/github", "TestNotedDraft", []overlay.Patch{
		{File: draftFile, Old: "if slices.Contains(w.work.Drafts, w.id) {", New: "if w.id != 0 {"},
	}},
	{"unnoted", "leaving a draft alone that was never noted", "publisher/github", "TestUnnotedDraft", []overlay.Patch{
		{File: "publisher/github/release.go", Old: "case rel.Draft && marked && !noted:", New: "case false:"},
	}},
	{"copied", "taking for our own only what was tried", "publisher/github", "TestForeignTag", []overlay.Patch{
		{File: effectFile, Old: "if !e.tried {", New: "if false {"},
	}},
	{"unstruck", "striking a draft at the Core before it is deleted", "publisher/github", "TestDiscard", []overlay.Patch{
		{File: draftFile, Old: " || w.work.StrikeDraft(ctx, w.id) != nil", New: ""},
	}},
	{"left", "naming what a failure leaves on GitHub", "publisher/github", "TestReleaseByWorkflow", []overlay.Patch{
		{File: "publisher/github/left.go", Old: "len(left) > 0 {", New: "len(left) > 9 {"},
	}},
	{"lastlook", "reading the tag back after the release is published", "publisher/github", "TestTagGoneAtTheLastMoment", []overlay.Patch{
		{File: "publisher/github/publish.go", Old: "error {\n\tif err := w.checkTag(ctx); err != nil {\n\t\treturn err\n\t}\n\tif w.sent", New: "error {\n\tif w.sent"},
	}},
	{"existingtag", "comparing an existing tag with the bound object", "publisher/github", "TestMovedTag", []overlay.Patch{
		{File: "publisher/github/tag.go", Old: "if ref.Object.SHA != want.Object || ref.Object.Type != want.Type {", New: "if false {"},
	}},
	{"existingcommit", "reading which commit an existing tag object is of", "publisher/github", "TestObjectOfAnotherCommit", []overlay.Patch{
		{File: "publisher/github/tag.go", Old: "got.Tag != r.op.Tag.Name || got.Object.Type != \"commit\" || got.Object.SHA != r.op.Tag.Commit {\n\t\t\treturn", New: "false {\n\t\t\treturn"},
	}},
	{"movedmeanwhile", "reading an existing tag again right before the release is published", "publisher/github", "TestTagMovedMeanwhile", []overlay.Patch{
		{File: "publisher/github/publish.go", Old: "\tif err := w.checkTag(ctx); err != nil {\n\t\treturn err\n\t}\n\tif err := w.noteLatest", New: "\tif err := w.noteLatest"},
	}},
	{"movedstatus", "calling a release on a tag that moved no success", "publisher", "TestExistingTagMoves", []overlay.Patch{
		{File: "publisher/outcome.go", Old: "case complete && errors.Is(err, marketops.RefMoved):", New: "case false:"},
	}},
	{"movedlook", "reading an existing tag where an outcome is only looked for", "publisher", "TestExistingTagMoves", []overlay.Patch{
		{File: "publisher/reconcile.go", Old: "obs.Moved != \"\":", New: "false:"},
	}},
	{"workflows", "asking for the permission for workflows where it is needed", "publisher/github", "TestWorkflows", []overlay.Patch{
		{File: "publisher/github/workflows.go", Old: "planned != current", New: "planned != current && false"},
	}},
	{"uploader", "reading back who uploaded a file", "publisher/github", "TestOthersInDraft", []overlay.Patch{
		{File: "publisher/github/asset.go", Old: "r.uploaders != nil && !r.uploaders[f.Uploader.ID]", New: "false"},
	}},
	{"earlier", "remembering that an earlier attempt may have arrived, when GitHub refuses", "publisher/github", "TestEarlierRefused", []overlay.Patch{
		{File: effectFile, Old: "case publisher.Unresolved:", New: "case publisher.Past(9):"},
	}},
	{"settree", "computing the tree of a change set before anything is sent", "publisher/github", "TestForgedSets", []overlay.Patch{
		{File: baseTreeFile, Old: "case result != set.Tree:", New: "case false:"},
	}},
	{"setbefore", "comparing what a change set replaces with the base", "publisher/github", "TestForgedSets", []overlay.Patch{
		{File: baseTreeFile, Old: "(b == nil) != (p.Before.Mode == \"\") ||", New: "false && (b == nil) != (p.Before.Mode == \"\") || false &&"},
	}},
	{"setbase", "comparing the tree of the base with the document", "publisher/github", "TestForgedSets", []overlay.Patch{
		{File: baseTreeFile, Old: " || base.Tree.SHA != p.Changes.BaseTree {", New: " {"},
	}},
	{"setblob", "comparing the blob that the document names with the bytes", "publisher/github", "TestForgedSets", []overlay.Patch{
		{File: changeFile, Old: "if err == nil && gitobject.LengthOf(c.Blob).Blob(data) != c.Blob {", New: "if err == nil && gitobject.LengthOf(c.Blob).Blob(data) == \"\" {"},
	}},
	{"setcut", "computing nothing of a folder that GitHub cuts off", "publisher/github", "TestEveryField", []overlay.Patch{
		{File: baseTreeFile, Old: "if got.Truncated {", New: "if false {"},
	}},
	{"setcommit", "knowing the planned commit by its id", "publisher/github", "TestForgedAfterAttempt", []overlay.Patch{
		{File: "publisher/github/branch.go", Old: "if !r.isCommit(sha) {", New: "if false {"},
		{File: "publisher/github/branch.go", Old: "case !r.isCommit(c.SHA):", New: "case false:"},
		{File: "publisher/github/branch.go", Old: "case c.Tree.SHA != want.Changes.Tree:", New: "case false:"},
	}},
	{"otherobject", "ending where GitHub makes another object", "publisher/github", "TestOtherObjects", []overlay.Patch{
		{File: "publisher/github/internal/wire/write.go", Old: "if errors.Is(err, errDiffers) {\n\t\treturn Stopf", New: "if false {\n\t\treturn Stopf"},
	}},
	{"journaldraft", "using no draft that the journal alone names", "publisher/github", "TestForgedJournal", []overlay.Patch{
		{File: draftFile, Old: "ids := append(slices.Clone(w.work.Drafts), w.id)", New: "text, _ := w.journal.Recall(keyReleaseID)\n\tn, _ := strconv.ParseInt(text, 10, 64)\n\tids := append(slices.Clone(w.work.Drafts), n, w.id)"},
	}},
	{"tagid", "computing the id of the tag object", "publisher/github", "TestEveryField", []overlay.Patch{
		{File: "publisher/github/tag.go", Old: "case !r.isObject(got.SHA):", New: "case false:"},
		{File: "publisher/github/tag.go", Old: "if got.SHA != sha {", New: "if false {"},
	}},
	{"modify", "reading back whether maintainers may modify a pull request", "publisher/github", "TestEveryField", []overlay.Patch{
		{File: "publisher/github/pullwrite.go", Old: "case p.Modify != nil && *p.Modify:", New: "case false:"},
	}},
	{"opener", "reading back who opened a pull request", "publisher/github", "TestEveryField", []overlay.Patch{
		{File: "publisher/github/pullwrite.go", Old: "case w.author != 0 && p.User.ID != w.author:", New: "case false:"},
	}},
	{"discussion", "reading back that a release has no discussion", "publisher/github", "TestEveryField", []overlay.Patch{
		{File: "publisher/github/release.go", Old: " && rel.Discussion == \"\"", New: ""},
	}},
	{"host", "keeping the credential from other hosts", "publisher/github/internal/wire", "TestBearer", []overlay.Patch{
		{File: originFile, Old: "if !slices.Contains(b.origins, originOf(req.URL)) {", New: "if false && !slices.Contains(b.origins, originOf(req.URL)) {"},
	}},
	{"getonly", "a transport that can only GET for what reads before the claim", "publisher/github/internal/wire", "TestReadOnly", []overlay.Patch{
		{File: "publisher/github/internal/wire/client.go", Old: "if req.Method != http.MethodGet {", New: "if false {"},
	}},
	{"lookpace", "comparing the time that the writes take with what is left of the receipt", "publisher/github", "TestLookAtTime", []overlay.Patch{
		{File: trialFile, Old: "if err == nil && takes > lasts {", New: "if false {"},
	}},
	{"lookcopied", "taking nothing for this operation's own before it tried anything", "publisher/github", "TestLookCopied", []overlay.Patch{
		{File: trialFile, Old: "case at.presence == publisher.Found:", New: "case false:"},
	}},
	{"unseendrafts", "saying that drafts were not looked at with a token that is not shown them", "publisher/github", "TestLookCredential", []overlay.Patch{
		{File: trialFile, Old: "if err == nil && !t.drafts {", New: "if false {"},
	}},
	{"said-address", "showing no address but https at GitHub", "internal/answer", "TestAddresses", []overlay.Patch{
		{File: "internal/answer/answer.go", Old: "|| !plainAddress.MatchString(address) {", New: "{"},
	}},
	{"said-host", "showing no address of another host", "internal/answer", "TestAddresses", []overlay.Patch{
		{File: "internal/answer/answer.go", Old: "return host == \"github.com\" ||", New: "return host != \"\" ||"},
	}},
}
