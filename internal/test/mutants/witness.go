package main

import "github.com/omega/marketops/internal/test/overlay"

const witnessServerFile = "log/witness/server/server.go"

var witnessMutants = []mutant{
	{"place-before-body", "taking a place only when the body was read", "log/witness/server", "TestSlowCallers", []overlay.Patch{
		{File: witnessServerFile, Old: "\tbody, err := h.read(rw, r)\n", New: "\tif h.calls.Acquire(r.Context(), 1) != nil {\n\t\treturn\n\t}\n\tbody, err := h.read(rw, r)\n\th.calls.Release(1)\n"},
	}},
	{"endless-body", "the time that a body may take", "log/witness/server", "TestSlowBodiesEnd", []overlay.Patch{
		{File: witnessServerFile, Old: "SetReadDeadline(time.Now().Add(bodyTimeout))", New: "SetReadDeadline(time.Time{})"},
	}},
	{"fork-409", "answering another root as C2SP tlog-witness has it", "log/witness/server", "TestAnswers", []overlay.Patch{
		{File: witnessServerFile, Old: "{witness.ErrFork, http.StatusUnprocessableEntity}", New: "{witness.ErrFork, http.StatusConflict}"},
	}},
	{"shared-time", "giving each witness its own time", "log/tessera", "TestEachWitnessHasItsOwnTime", []overlay.Patch{
		{File: "log/tessera/tessera.go", Old: "Timeout: quorumTimeout}", New: "Timeout: witnessTimeout}"},
	}},
	{"key-name-origin", "knowing a log by its origin and not by its key's name", "log/witness", "TestOriginsThatAreNoKeyNames", []overlay.Patch{
		{File: "log/witness/witness.go", Old: "\t\tlogs[p.Name].keys = append(logs[p.Name].keys, v)\n", New: "\t\tlogs[p.Name].keys = append(logs[p.Name].keys, v)\n\t\tlogs[v.Name()] = logs[p.Name]\n"},
	}},
}
