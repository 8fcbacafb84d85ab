package main

import "github.com/omega/marketops/internal/test/overlay"

// leakMutants let a credential out, or text in that people do not see as it is.
var leakMutants = []mutant{
	{"http2", "speaking HTTP/1.1 alone where a credential is carried", "cmd/marketops", "TestGodebugPrintsNoToken", []overlay.Patch{
		{File: "internal/githubhttp/githubhttp.go", Old: "\tp.SetHTTP1(true)\n", New: "\tp.SetHTTP1(true)\n\tp.SetHTTP2(true)\n"},
	}},
	{"folded", "finding a credential in another letter case or across lines", "internal/redact", "TestSpellings", []overlay.Patch{
		{File: "internal/redact/redact.go", Old: "\t\tif c = plain(c); c != 0 {\n", New: "\t\tif c != 0 {\n"},
	}},
	{"unescaped", "finding a credential behind escapes", "internal/redact", "TestSpellings", []overlay.Patch{
		{File: "internal/redact/redact.go", Old: "maxDepth = 4", New: "maxDepth = 1"},
	}},
	{"cut-off", "taking out what a bound left of a credential", "internal/redact", "TestCutOff", []overlay.Patch{
		{File: "internal/redact/spans.go", Old: "n >= minEncoded; n--", New: "n > len(form); n--"},
	}},
	{"redacted", "removing every spelling of the credential from what is kept", "publisher/github", "TestCanary", []overlay.Patch{
		{File: "internal/redact/redact.go", Old: "if len(secret) >= minEncoded {", New: "if len(secret) < minEncoded {"},
	}},
	{"hidden-in-json", "showing hidden characters of --json as escapes", "internal/cli", "TestJSONHidesNothing", []overlay.Patch{
		{File: "internal/cli/streams.go", Old: "w.Write(visible.JSON(b.Bytes()))", New: "w.Write(b.Bytes())"},
	}},
	{"blank", "knowing the characters that show nothing", "internal/visible", "TestHidden", []overlay.Patch{
		{File: "internal/visible/visible.go", Old: " || unicode.Is(blank, r)", New: ""},
	}},
	{"unwarned", "telling what is invisible in a text", ".", "TestHiddenText", []overlay.Patch{
		{File: "hidden.go", Old: "len(found) > 0", New: "len(found) > 100"},
	}},
	{"commented", "telling that a text holds an HTML comment", ".", "TestHiddenText", []overlay.Patch{
		{File: "hidden.go", Old: "strings.Contains(line, \"<!\") || ", New: ""},
	}},
	{"unwarned-approver", "telling it to who approves", "internal/cli/describe", "TestHiddenText", []overlay.Patch{
		{File: "internal/cli/describe/describe.go", Old: "range op.HiddenText()", New: "range op.HiddenText()[:0]"},
	}},
	{"unwarned-plan", "warning in the plan of what is invisible in a text", "plan", "TestHiddenText", []overlay.Patch{
		{File: "plan/evaluate.go", Old: "\te.noteHidden()\n", New: "\n"},
	}},
	{"read-token", "removing the read token from errors", "plan/discover", "TestTokenInAnswers", []overlay.Patch{
		{File: "plan/discover/discover.go", Old: "\tg.secrets.Add(token.Reveal())\n", New: "\t\n"},
	}},
}
