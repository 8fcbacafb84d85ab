// Package gitobject computes what git calls bytes, trees and commits, so that an id is never taken from someone
// who could be wrong about it: not from GitHub, not from a note.
//
//	blob    "blob 5\x00hello"                               the id is the hash of all of it
//	tree    "tree N\x00" then for each entry, in git's order: "100644 name\x00" and the id in bytes
//	commit  "commit N\x00" then tree, parent, author, committer, an empty line, the message
//
// The hash is SHA-1 or, where ids have 64 digits, SHA-256. It tells what git will call something; what people
// authorise is bound by SHA-256 beside it.
package gitobject

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// Length is the number of hex digits of an id: 40 or, where a repository uses SHA-256, 64.
type Length int

// LengthOf returns the length of the ids of the repository that this id is from.
func LengthOf(id string) Length { return Length(len(id)) }

func (n Length) newHash() hash.Hash {
	if n == 2*sha256.Size {
		return sha256.New()
	}
	return sha1.New()
}

func (n Length) id(kind string, data []byte) string {
	h := n.newHash()
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// BlobHash hashes the bytes of a file of this size as they are written to it; its sum is the id.
func (n Length) BlobHash(size int64) hash.Hash {
	h := n.newHash()
	fmt.Fprintf(h, "blob %d\x00", size)
	return h
}

// Blob returns the id of the bytes of a file.
func (n Length) Blob(data []byte) string { return n.id("blob", data) }

// Tag returns the id of a tag object of a commit. The tagger is the whole line, "Name <e-mail> seconds +0000".
func (n Length) Tag(commit, name, tagger, message string) string {
	return n.id("tag", fmt.Appendf(nil, "object %s\ntype commit\ntag %s\ntagger %s\n\n%s", commit, name, tagger, message))
}

// Commit returns the id of a commit with one parent, whose author committed it.
func (n Length) Commit(tree, parent, author, message string) string {
	return n.id("commit", fmt.Appendf(nil, "tree %s\nparent %s\nauthor %s\ncommitter %s\n\n%s", tree, parent, author, author, message))
}

// Signature is the line of a person in a tag or commit, with the date in UTC.
func Signature(name, email string, seconds int64) string {
	return fmt.Sprintf("%s <%s> %d +0000", name, email, seconds)
}
