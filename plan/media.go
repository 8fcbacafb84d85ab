package plan

import (
	"path"
	"strings"
)

const defaultMedia = "application/octet-stream"

// media is fixed: the database of the operating system differs between machines, and the type
// is part of the operation digest.
var media = map[string]string{
	".7z": "application/x-7z-compressed", ".apk": "application/vnd.android.package-archive",
	".asc": "application/pgp-signature", ".bz2": "application/x-bzip2", ".deb": "application/vnd.debian.binary-package",
	".dmg": "application/x-apple-diskimage", ".gz": "application/gzip", ".html": "text/html", ".jar": "application/java-archive",
	".json": "application/json", ".md": "text/markdown", ".pdf": "application/pdf", ".pem": "application/x-pem-file",
	".png": "image/png", ".rpm": "application/x-rpm", ".sh": "text/x-shellscript", ".svg": "image/svg+xml",
	".tar": "application/x-tar", ".tgz": "application/gzip", ".txt": "text/plain", ".wasm": "application/wasm",
	".xml": "application/xml", ".xz": "application/x-xz", ".yaml": "application/yaml", ".yml": "application/yaml",
	".zip": "application/zip", ".zst": "application/zstd",
}

func mediaOf(name string) string {
	if t, ok := media[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return defaultMedia
}
