package main

import "github.com/omega/marketops/internal/test/overlay"

const regularFile = "internal/regular/regular.go"

var fileMutants = []mutant{
	{"linkedfile", "refusing a file of a run folder that is a link", "internal/regular", "TestRead", []overlay.Patch{
		{File: regularFile, Old: "\tif !fi.Mode().IsRegular() {\n\t\treturn nil, irregular(fi)\n\t}\n\treturn fi, nil", New: "\t_ = fi\n\treturn root.Stat(name)"},
	}},
	{"linkedfolder", "refusing a way through a linked folder", "internal/regular", "TestRead", []overlay.Patch{
		{File: regularFile, Old: "} else if !fi.IsDir() {", New: "} else if false {"},
	}},
	{"pipewaits", "opening without waiting", "internal/regular", "TestSpecialFiles", []overlay.Patch{
		{File: "internal/regular/open_unix.go", Old: "const dontWait = syscall.O_NONBLOCK", New: "const dontWait = 0 * syscall.O_NONBLOCK"},
	}},
	{"openedpipe", "looking at what was opened", "internal/regular", "TestSpecialFiles", []overlay.Patch{
		{File: regularFile, Old: "case !after.Mode().IsRegular():", New: "case false:"},
	}},
	{"replacedfile", "reading only the file that was looked at", "internal/regular", "TestReplaced", []overlay.Patch{
		{File: regularFile, Old: "case before != nil && !os.SameFile(before, after):", New: "case false:"},
	}},
	{"largefile", "the bound on the bytes of a file", "internal/regular", "TestRead", []overlay.Patch{
		{File: "internal/regular/read.go", Old: "if fi.Size() > limit {", New: "if limit = fi.Size(); false {"},
	}},
	{"largefolder", "the bound on the names of a folder", "internal/regular", "TestEntries", []overlay.Patch{
		{File: "internal/regular/read.go", Old: "if err == nil && len(list) > most {", New: "if false {"},
	}},
	{"writtenlink", "writing through no link", "internal/regular", "TestWrite", []overlay.Patch{
		{File: "internal/regular/read.go", Old: "\tif err := IsFree(root, name); err != nil {\n\t\treturn err\n\t}\n", New: ""},
	}},
	{"outboxpath", "reading the outbox below the run folder", "publisher", "TestOutboxOfStrangers", []overlay.Patch{
		{File: "publisher/outbox.go", Old: "b, err = regular.Read(root, path.Join(dir, name), maxDecided)", New: "b, err = os.ReadFile(filepath.Join(o.Dir, name))"},
	}},
	{"otherswrite", "refusing a file that others can write", "internal/regular", "TestOwner", []overlay.Patch{
		{File: "internal/regular/owner_unix.go", Old: "mode&0o022 != 0", New: "mode&0o022 > 0o777"},
	}},
	{"owntrust", "refusing a trust file that others can write", "internal/cli/env", "TestOwnState", []overlay.Patch{
		{File: "internal/cli/env/env.go", Old: "regular.ReadOwned(path", New: "regular.ReadPath(path"},
	}},
	{"ownstate", "refusing a state folder that others can write", "internal/cli/env", "TestOwnState", []overlay.Patch{
		{File: "internal/cli/env/env.go", Old: "errors.Join(requireOwn(path), root.Close())", New: "errors.Join(requireOwn(\"/\"), root.Close())"},
	}},
	{"ownjournal", "refusing a journal that others can write", "plan", "TestJournalOfOthers", []overlay.Patch{
		{File: "plan/journal.go", Old: "if err := regular.RequireOwner(filepath.Join(root.Name(), journalName), fi); err != nil {", New: "if err := regular.RequireOwner(filepath.Join(root.Name(), journalName), fi); false {"},
	}},
	{"olderledger", "comparing claims.db with the log at start", "federation/core", "TestLedgerOfAnotherMoment", []overlay.Patch{
		{File: "federation/core/core.go", Old: "if err := c.records.Compare(ctx); err != nil {", New: "if err := c.records.Compare(ctx); false {"},
	}},
	{"newerledger", "refusing a claims.db that knows more than the log has", "federation/core", "TestLedgerOfAnotherMoment", []overlay.Patch{
		{File: "federation/recorder/compare.go", Old: "if found && newest >= durable || compared > durable {", New: "if false {"},
	}},
	{"strangeleaf", "knowing every leaf of the log", "federation/core", "TestLedgerOfAnotherMoment", []overlay.Patch{
		{File: "federation/recorder/compare.go", Old: "err = stranger(index)", New: "err = nil"},
		{File: "federation/recorder/recover.go", Old: "return stranger(index)", New: "return nil"},
	}},
	{"plannedowner", "refusing a note that others can write, of which file was planned from", "internal/cli/runfolder", "TestConfigPath", []overlay.Patch{
		{File: "internal/cli/runfolder/runfolder.go", Old: "regular.ReadOwned(notePath", New: "regular.ReadPath(notePath"},
	}},
	{"coreroot", "taking core: from the folder of its file", "internal/config", "TestLoadRoots", []overlay.Patch{
		{File: "internal/config/config.go", Old: "f.Core = filepath.Join(f.Dir, f.Core)", New: "f.Core = filepath.Clean(f.Core)"},
	}},
	{"ownpolicy", "refusing a policy that others can write", "internal/regular", "TestOwnFiles", []overlay.Patch{
		{File: "internal/regular/own.go", Old: "err = RequireOwner(path, fi)", New: "_ = path"},
	}},
}
