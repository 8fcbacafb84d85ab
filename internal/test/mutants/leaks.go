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
	{"read-token", "removing the read token from errors", "plan/discover", "TestTokenInAnswers", []overlay.Patch{
		{File: "plan/discover/discover.go", Old: "\tg.secrets.Add(token.Reveal())\n", New: "\t\n"},
	}},
}
