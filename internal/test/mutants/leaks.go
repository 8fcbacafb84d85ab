package main

import "github.com/omega/marketops/internal/test/overlay"

// leakMutants let a credential out, or text in that people do not see as it is.
var leakMutants = []mutant{
	{"http2", "speaking HTTP/1.1 alone where a credential is carried", "cmd/marketops", "TestGodebugPrintsNoToken", []overlay.Patch{
		{File: "internal/githubhttp/githubhttp.go", Old: "\tp.SetHTTP1(true)\n", New: "\tp.SetHTTP1(true)\n\tp.SetHTTP2(true)\n"},
	}},
}
