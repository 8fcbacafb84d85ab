// Package openapi holds GitHub's own OpenAPI description, pruned to the operations the
// practice GitHub answers. PROVENANCE.md says where it comes from; prune makes it.
package openapi

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed github.json
var github []byte

// Operation is one row of the description: "POST /repos/{owner}/{repo}/git/refs".
type Operation struct {
	ID, Method, Path string
	Docs             string // GitHub's page about it, which its error answers quote
	Spec             *openapi3.Operation
	Item             *openapi3.PathItem
}

// Description is the loaded description. It is shared: treat it as read-only.
var Description = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(github)
})

// All returns every operation of the description, in the order of Operations.
func All() ([]Operation, error) {
	doc, err := Description()
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	found := map[string]Operation{}
	for path, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			found[spec.OperationID] = Operation{spec.OperationID, strings.ToUpper(method), path, docsOf(spec), spec, item}
		}
	}
	var all []Operation
	for _, id := range Operations() {
		op, ok := found[id]
		if !ok {
			return nil, fmt.Errorf("openapi: github.json lacks operation %q: prune again", id)
		}
		all = append(all, op)
	}
	return all, nil
}

func docsOf(spec *openapi3.Operation) string {
	if spec.ExternalDocs == nil {
		return "https://docs.github.com/rest"
	}
	return spec.ExternalDocs.URL
}

// Operations returns the ids of the operations the practice GitHub answers, as GitHub
// names them.
func Operations() []string { return slices.Clone(operations) }

var operations = []string{
	"users/get-authenticated",
	"rate-limit/get",
	"apps/create-installation-access-token",
	"repos/get",
	"repos/get-branch",
	"repos/get-commit",
	"repos/compare-commits-with-basehead",
	"repos/check-immutable-releases",
	"git/get-commit",
	"git/list-matching-refs",
	"git/get-ref",
	"git/create-ref",
	"git/create-tag",
	"git/get-tag",
	"git/create-blob",
	"git/create-tree",
	"git/create-commit",
	"repos/list-releases",
	"repos/create-release",
	"repos/get-release",
	"repos/get-release-by-tag",
	"repos/get-latest-release",
	"repos/update-release",
	"repos/delete-release",
	"repos/list-release-assets",
	"repos/upload-release-asset",
	"repos/get-release-asset",
	"repos/delete-release-asset",
	"pulls/list",
	"pulls/create",
	"pulls/get",
}
