package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/omega/marketops/internal/test/testenv"
)

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
	files := testenv.Project(d.world.API, d.world.Uploads)
	files["dist/SHA256SUMS"] = "they would stand here\n"
	files["next.yaml"] = fmt.Sprintf(next, d.world.API, d.world.Uploads)
	for name, text := range files {
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
