package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const release = `version: 1
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

const next = `version: 1
github:
  api: %s
  uploads: %s
publications:
  - kind: publish_release
    repository: octo-org/widgets
    tag: v1.4.1
    target: main
    name: Widgets 1.4.1
    make_latest: "true"
    assets: ["dist/*"]
`

// write makes a small project: two files to ship, notes, and what may be published.
func (d *demo) write() error {
	for name, text := range map[string]string{
		"dist/widget.tar.gz": "the bytes that were built and tested\n",
		"dist/SHA256SUMS":    "they would stand here\n",
		"notes.md":           "Widgets 1.4.0 turns both ways.\n",
		"marketops.yaml":     fmt.Sprintf(release, d.world.API, d.world.Uploads),
		"next.yaml":          fmt.Sprintf(next, d.world.API, d.world.Uploads),
	} {
		path := d.world.Path(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
