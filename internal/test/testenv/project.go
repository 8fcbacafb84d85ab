package testenv

import "fmt"

const project = `version: 1
github:
  api: %s
  uploads: %s
publications:
  - kind: publish_release
    repository: octo-org/widgets
    tag: v1.4.0
    target: main
    name: Widgets 1.4.0
    notes: notes.md
    make_latest: "true"
    assets: ["dist/*"]
  - kind: tag_repo
    repository: octo-org/gadgets
    tag: v0.3.1
    target: main
    message: gadgets 0.3.1
    tagger: {name: Release Bot, email: release@example.com}
`

// Shipped is the content of the one asset of [Project].
const Shipped = "the bytes that were built and tested\n"

// Project returns the files of a small project, by name: a release of octo-org/widgets and a tag of
// octo-org/gadgets, at the GitHub of these two addresses.
func Project(api, uploads string) map[string]string {
	return map[string]string{
		"marketops.yaml":     fmt.Sprintf(project, api, uploads),
		"notes.md":           "Widgets 1.4.0 turns both ways.\n",
		"dist/widget.tar.gz": Shipped,
	}
}
