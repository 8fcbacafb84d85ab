// Package foreign says what a file is that is not the one that was wanted, so that people learn which file they named instead of
// which byte a parser did not like. What it says proves nothing, and nothing is decided by it.
package foreign

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/omega/marketops/internal/textfile"
	"github.com/omega/marketops/internal/visible"
)

// MaxRead is how much of a file is looked at: what a bundle with its proofs may have.
const MaxRead = 4 << 20

// magic are the first bytes of formats that no program here reads.
var magic = []struct{ begin, what string }{
	{"\x1f\x8b", "a gzip archive"}, {"BZh", "a bzip2 archive"}, {"\xfd7zXZ\x00", "an xz archive"}, {"\x28\xb5\x2f\xfd", "a zstd archive"}, {"7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{"PK\x03\x04", "a zip archive"}, {"PK\x05\x06", "an empty zip archive"}, {"\x7fELF", "a program (ELF)"}, {"MZ", "a program (Windows)"}, {"\xcf\xfa\xed\xfe", "a program (Mach-O)"},
	{"%PDF-", "a PDF"}, {"\x89PNG", "a picture (PNG)"}, {"age-encryption.org/", "a file that age encrypted"}, {"SQLite format 3\x00", "an SQLite database"},
	{"version https://git-lfs.github.com/spec/", "a pointer of Git LFS; get the file with git lfs pull"}, {"untrusted comment:", "a minisign or signify key or signature"}, {"c2sp.org/tlog-proof@", "a proof of one entry of a log"},
	{"ssh-", "an OpenSSH public key"}, {"ecdsa-sha2-", "an OpenSSH public key"}, {"sk-ssh-", "an OpenSSH public key"}, {"age1", "an age public key"}, {"{\"critical\":", "the payload of a cosign signature"},
}

const maxNote = 64 << 10 // bytes of a checkpoint that are looked at

// Name says what the bytes are; "" for what it does not know. Of a long file the beginning is enough.
func Name(data []byte) string {
	if len(data) == 0 {
		return "an empty file"
	}
	if isPack(data) {
		return "a pack of marketops"
	}
	for _, m := range magic {
		if bytes.HasPrefix(data, []byte(m.begin)) {
			return m.what
		}
	}
	if len(data) >= 262 && string(data[257:262]) == "ustar" {
		return "a tar archive"
	}
	if err := textfile.CheckEncoding(data); err != nil && bytes.IndexByte(data[:min(len(data), 4)], 0) >= 0 || bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) || bytes.HasPrefix(data, []byte("\xff\xfe")) {
		return fmt.Sprintf("a text that another program must read: %v", err)
	}
	text := bytes.TrimSpace(data)
	for _, look := range []func([]byte) string{webPage, block, checkpoint, object, signature} {
		if what := look(text); what != "" {
			return what
		}
	}
	return ""
}

// IsOurs reports whether a file that cannot be used is one of marketops that was changed or cut off, and no other's.
func IsOurs(what string) bool {
	return strings.Contains(what, "pack of marketops") || strings.Contains(what, "record of marketops") || what == cutOff
}

// firsts are the names with which a pack begins.
var firsts = []string{"checkpoints/", "evidence/", "manifest.json", "operations/", "plan.json", "proofs/", "records/", "trust/"}

// isPack looks at the name of the first member of a zip archive (APPNOTE 4.3.7).
func isPack(data []byte) bool {
	return len(data) > 30 && bytes.HasPrefix(data, []byte("PK\x03\x04")) &&
		slices.ContainsFunc(firsts, func(name string) bool { return bytes.HasPrefix(data[30:], []byte(name)) })
}

func webPage(text []byte) string {
	low := strings.ToLower(string(text[:min(len(text), 512)]))
	switch {
	case strings.HasPrefix(low, "<?xml") && !strings.Contains(low, "<html"):
		return "XML"
	case !strings.HasPrefix(low, "<!doctype html") && !strings.HasPrefix(low, "<html") && !strings.HasPrefix(low, "<?xml"):
		return ""
	}
	what := "a web page, as a download that failed leaves it"
	if title := titleOf(text); title != "" {
		what += fmt.Sprintf(" (%s)", title)
	}
	return what
}

const maxTitle = 80 // bytes

func titleOf(text []byte) string {
	_, rest, _ := bytes.Cut(text[:min(len(text), 4096)], []byte("<title"))
	_, rest, _ = bytes.Cut(rest, []byte(">"))
	title, _, _ := bytes.Cut(rest, []byte("<"))
	return visible.Text(strings.Join(strings.Fields(string(title[:min(len(title), maxTitle)])), " "))
}

// IsPrivateKey reports whether a text begins as a private key in PEM does.
func IsPrivateKey(text []byte) bool {
	return strings.HasPrefix(block(bytes.TrimSpace(text)), "a private key")
}

// block names armoured text by its first line.
func block(text []byte) string {
	rest, armoured := bytes.CutPrefix(text, []byte("-----BEGIN "))
	name, _, ended := bytes.Cut(rest[:min(len(rest), 70)], []byte("-----"))
	if !armoured || !ended {
		return ""
	}
	label := visible.Text(string(name))
	switch {
	case strings.HasSuffix(label, "PRIVATE KEY"), label == "PGP PRIVATE KEY BLOCK":
		return "a private key (" + label + ")"
	case strings.HasSuffix(label, "PUBLIC KEY"), label == "PGP PUBLIC KEY BLOCK":
		return "a public key (" + label + ")"
	case strings.HasSuffix(label, "CERTIFICATE"):
		return "a certificate"
	case label == "AGE ENCRYPTED FILE":
		return "a file that age encrypted"
	case strings.Contains(label, "SIGNATURE"):
		return "a signature (" + label + ")"
	}
	return "a block of " + label
}

// IsCheckpoint reports whether a text has the form of a checkpoint, of whichever log.
func IsCheckpoint(text []byte) bool { _, _, ok := Origin(text); return ok }

// Origin returns the log and the size that a checkpoint gives itself, and false for what has not the form of one.
func Origin(text []byte) (origin, size string, ok bool) {
	lines := strings.Split(string(bytes.TrimSpace(text[:min(len(text), maxNote)])), "\n")
	if len(lines) < 5 || lines[0] == "" || len(lines[0]) > 200 || !slices.Contains(lines[3:], "") || !strings.HasPrefix(lines[len(lines)-1], "— ") {
		return "", "", false
	}
	root, rerr := base64.StdEncoding.DecodeString(lines[2])
	_, serr := strconv.ParseUint(lines[1], 10, 63)
	return visible.Text(lines[0]), lines[1], rerr == nil && serr == nil && len(root) == 32
}

func checkpoint(text []byte) string {
	if origin, size, ok := Origin(text); ok {
		return fmt.Sprintf("a checkpoint of the log %s, size %s", origin, size)
	}
	return ""
}

// signature knows what cosign writes with --output-signature.
func signature(text []byte) string {
	if len(text) < 80 || len(text) > 120 {
		return ""
	}
	if raw, err := base64.StdEncoding.DecodeString(string(text)); err == nil && (len(raw) == 64 || raw[0] == 0x30) {
		return "a bare signature in base64, as cosign writes it"
	}
	return ""
}
