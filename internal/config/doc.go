// Package config reads marketops.yaml and core.yaml, strictly.
//
// A file is UTF-8 YAML of one document, at most [MaxFile] bytes, with mappings,
// sequences, text, whole numbers and true/false. Anchors, aliases, merge keys, tags, null
// and nesting deeper than [MaxDepth] are refused. So are unknown keys, a key twice, and a
// scalar of another type than its member's: YAML would read the tag 1.10 as the number
// 1.1, so text that looks like a number, a truth value or null must be quoted.
//
// marketops.yaml says what may be published and where GitHub is:
//
//	version: 1
//	github:                          # all optional
//	  api: https://api.github.com/   # api and uploads go together
//	  uploads: https://uploads.github.com/
//	  token: env://GITHUB_TOKEN      # or, never both, a GitHub App:
//	  app: {id: 12345, installation: 678, key: ./app.pem}
//	  read_token: env://MARKETOPS_READ_TOKEN
//	  ca: ./ca.pem                   # certificates, in place of the system's list
//	core: .marketops/core.sock       # optional
//	publications:
//	  - kind: publish_release
//	    …
//
// The members of a publication depend on its kind; the rest are refused, each with its line:
//
//	kind             required                              optional
//	publish_release  repository tag target make_latest     branch name notes prerelease assets message tagger
//	  existing: true repository tag make_latest            branch name notes prerelease assets
//	tag_repo         repository tag target message tagger  branch
//	open_pr          repository base head title            body draft; changes, and with them message tagger
//
// core.yaml configures the daemon; what it leaves out is [DefaultCore]'s. Its paths are
// relative to the state folder and may not climb out of it.
//
// # Addresses
//
// A GitHub address is https; plain http goes to loopback only (127.0.0.0/8, ::1,
// localhost). User information, query and fragment are refused, the port of the scheme is
// dropped, and the path ends in a slash.
//
// # Secrets
//
// A secret is named, never written: env://NAME, or a path that begins with /, ./ or ../ (or a
// drive). Anything else in its place is refused unseen, because it may be the secret itself.
// [ReadSecret] and [ReadKey] are the functions that read the environment: mode, GitHub's address and
// trust never come from there. A [Secret] prints as "[secret]".
package config

// Limits.
const (
	MaxFile         = 1 << 20 // bytes of one file
	MaxDepth        = 32      // nested flow collections, and columns of indentation / 2
	MaxKeys         = 20_000  // lines, and colons, of one file: looking for keys twice is quadratic
	MaxPublications = 1000
	MaxSecret       = 64 << 10 // bytes of one secret file
	MaxSocketPath   = 100      // bytes; the smallest sun_path in use has 104
)
