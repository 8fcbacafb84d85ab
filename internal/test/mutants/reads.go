package main

import "github.com/omega/marketops/internal/test/overlay"

const (
	visibleFile = "federation/visible.go"
	authFile    = "federation/server/auth.go"
	readsFile   = "federation/core/reads.go"
	serveFile   = "federation/server/reads.go"
)

var readMutants = []mutant{
	{"readkey", "asking a read over TCP for a key", "federation/server", "TestReads", []overlay.Patch{
		{File: serveFile, Old: "return known && at.Network() == \"unix\"", New: "return known && at != nil"},
	}},
	{"readquery", "covering the query with the signature", "federation/server", "TestReadSignature", []overlay.Patch{
		{File: authFile, Old: "r.Method+\" \"+r.URL.RequestURI()", New: "r.Method+\" \"+r.URL.RequestURI() && req.Method != r.Method+\" \"+r.URL.Path"},
	}},
	{"readbody", "signing a read without a body", "federation/server", "TestReadSignature", []overlay.Patch{
		{File: serveFile, Old: "requireBody(who, nil); err != nil", New: "error(nil); err != nil"},
	}},
	{"readposts", "refusing readers every other call", "federation/server", "TestReads", []overlay.Patch{
		{File: authFile, Old: "if !slices.Contains(roles, c.Role) {", New: "if !slices.Contains(roles, c.Role) && c.Role != trust.RoleReader {"},
	}},
	{"readrequester", "showing requesters their own runs alone", "federation", "TestSees", []overlay.Patch{
		{File: visibleFile, Old: "who.Name == run.Requester ||", New: "run.Requester != \"\" ||"},
	}},
	{"readapprover", "asking which rule lets an approver judge a run", "federation", "TestSees", []overlay.Patch{
		{File: visibleFile, Old: "return t.MayJudge(person, op.Kind, op.Target) })", New: "return len(person.Groups) > 0 })"},
	}},
	{"readvoter", "showing nothing for a vote that no rule asked for", "federation", "TestSees", []overlay.Patch{
		{File: visibleFile, Old: " && judges(version, voter, run)", New: ""},
	}},
	{"readaudience", "showing publishers what they are in the audience of", "federation", "TestSees", []overlay.Patch{
		{File: visibleFile, Old: "return slices.Contains(run.Audience, who.Key)", New: "return true"},
	}},
	{"readtargets", "holding a reader to the targets listed", "federation", "TestSees", []overlay.Patch{
		{File: visibleFile, Old: "if !slices.Contains(reader.Targets, op.Target.ID()) {", New: "if op.Target.ID() == \"\" {"},
	}},
	{"readnothing", "showing limited readers nothing that has no target", "federation", "TestSees", []overlay.Patch{
		{File: visibleFile, Old: "return len(run.Operations) > 0", New: "return len(reader.Targets) > 0"},
	}},
	{"readunseen", "answering what may not be read as what is not there", "federation/server", "TestReads", []overlay.Patch{
		{File: "federation/core/visible.go", Old: "parties, err := v.of(ctx, id)\n\tif err == nil && !v.sees(who, parties) {\n\t\terr = fs.ErrNotExist", New: "parties, err := v.of(ctx, id)\n\tif err == nil && !v.sees(who, parties) {\n\t\terr = marketops.Refuse(marketops.PolicyDenied, \"no\")"},
	}},
	{"readclaim", "asking who reads a claim", "federation/server", "TestReads", []overlay.Patch{
		{File: readsFile, Old: "if err := r.requireClaim(ctx, who, row); err != nil", New: "if err := error(nil); err != nil"},
	}},
	{"readrecord", "asking who reads a record", "federation/server", "TestReads", []overlay.Patch{
		{File: readsFile, Old: "if err := r.requireRunOr(ctx, who, row.Run); err != nil", New: "if err := error(nil); err != nil"},
	}},
	{"readtext", "asking who reads a text", "federation/server", "TestReads", []overlay.Patch{
		{File: readsFile, Old: "if err := r.requireRunOr(ctx, who, run); err != nil", New: "if err := error(nil); err != nil && run != \"\""},
	}},
	{"readcopied", "giving a text to the run that brought it first", "federation/core", "TestEvidenceStays", []overlay.Patch{
		{File: "log/claims/page.go", Old: "ON CONFLICT(digest) DO NOTHING", New: "ON CONFLICT(digest) DO UPDATE SET run_id = excluded.run_id"},
		{File: "log/claims/schema.go", Old: "CREATE TRIGGER evidence_kept BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence follows the run that brought it'); END;", New: ""},
	}},
	{"readauthorize", "answering authorize for those alone who may read the run", "federation/server", "TestAuthorizeShowsNothing", []overlay.Patch{
		{File: "federation/core/authorize.go", Old: "err := d.seen.requireRun(ctx, *who, id)", New: "err := error(nil)"},
	}},
	{"readwhole", "asking for the pages after the first", "federation/core", "TestManyRecords", []overlay.Patch{
		{File: "federation/api/read.go", Old: "more = page.More", New: "more = false"},
	}},
	{"readorder", "paging a run in the order of the log", "federation/core", "TestManyRecords", []overlay.Patch{
		{File: "log/claims/page.go", Old: "ORDER BY log_index LIMIT", New: "ORDER BY seq LIMIT"},
	}},
	{"readendless", "bounding what is read of one run", "federation/api", "TestStrangePages", []overlay.Patch{
		{File: "federation/api/read.go", Old: "len(r.Entries) > maxRunRecords || size > maxRunBytes", New: "size > maxRunBytes"},
	}},
	{"readerkey", "signing with the reader key alone where there is one", "federation/api", "TestSignedReads", []overlay.Patch{
		{File: "federation/api/read.go", Old: "case c.reader != nil:\n\t\treturn c.reader", New: "case c.reader != nil && c.by == nil:\n\t\treturn c.reader"},
	}},
	{"readelsewhere", "signing for the user's own Core alone", "federation/api", "TestSignRead", []overlay.Patch{
		{File: "federation/api/read.go", Old: "if !c.Owns(address) || path", New: "if path"},
	}},
	{"readredirect", "following no redirect with a signature", "internal/cli/remote", "TestSignedReads", []overlay.Patch{
		{File: "internal/cli/remote/remote.go", Old: "|| via[0].Header.Get(api.RequestHeader) != \"\" {", New: "{"},
	}},
	{"exportwhole", "reading an export before it gets its checkpoint", "federation/maintain", "TestExportAudit", []overlay.Patch{
		{File: "federation/maintain/exportaudit.go", Old: "if err := requireWhole(ctx, to, cp); err != nil", New: "if err := error(nil); err != nil"},
		{File: "federation/maintain/exportaudit.go", Old: "// requireWhole reads", New: "var _ = requireWhole\n\n// requireWhole reads"},
	}},
	{"readcached", "keeping answers to readers out of every cache", "federation/server", "TestReads", []overlay.Patch{
		{File: serveFile, Old: "w.Header().Set(\"Cache-Control\", \"no-store\")", New: ""},
	}},
	{"readpublic", "opening the record store only where the operator says so", "federation/server", "TestReads", []overlay.Patch{
		{File: readsFile, Old: "r.config.Listen.Records != config.RecordsPublic", New: "r.config.Listen.Records != config.RecordsListed"},
	}},
}
