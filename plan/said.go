package plan

import (
	"bytes"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/plan/document"
)

// maxPointer is how long a pointer of Git LFS is at most, by its specification.
const maxPointer = 1024

// isPointer reports whether the bytes are a pointer of Git LFS, which git holds in the place of a file.
func isPointer(data []byte) bool {
	begin := bytes.HasPrefix(data, []byte("version https://git-lfs.github.com/spec/")) || bytes.HasPrefix(data, []byte("version https://hawser.github.com/spec/"))
	return begin && len(data) <= maxPointer && bytes.Contains(data, []byte("\noid sha256:"))
}

// marks are the byte-order marks. UTF-32 comes first, for it begins as UTF-16 does.
var marks = []struct{ bytes, encoding string }{
	{"\xff\xfe\x00\x00", "UTF-32"}, {"\x00\x00\xfe\xff", "UTF-32"}, {"\xef\xbb\xbf", "UTF-8"}, {"\xff\xfe", "UTF-16"}, {"\xfe\xff", "UTF-16"},
}

// noteContent says what is odd about the bytes of a file that is published as it is.
func (c *candidate) noteContent(p string, data []byte) {
	if isPointer(data) {
		c.find("lfs-pointer", document.Warning, fmt.Sprintf("%q is a pointer of Git LFS: the pointer would be published, not the file that it stands for; get the file with git lfs pull", p))
	}
	if encoding := markOf(data); encoding != "" {
		c.find("byte-order-mark", document.Warning, fmt.Sprintf("%q begins with a byte-order mark (%s), which programs may take for a part of its first line", p, encoding))
	}
}

// markOf names the encoding of a text that begins with a byte-order mark; "" for bytes that are no text, as of MP3.
func markOf(data []byte) string {
	for _, m := range marks {
		if bytes.HasPrefix(data, []byte(m.bytes)) && (m.encoding != "UTF-16" || isUTF16(data)) {
			return m.encoding
		}
	}
	return ""
}

// isUTF16 reports whether there is a line end or a space of UTF-16 in the bytes, and no zero character.
func isUTF16(data []byte) bool {
	text := data[2 : 2+(len(data)-2)/2*2]
	latin := 0
	for i := 0; i < len(text); i += 2 {
		switch {
		case text[i] == 0 && text[i+1] == 0:
			return false
		case text[i] == 0 || text[i+1] == 0:
			latin++
		}
	}
	return latin*4 > len(text)/2
}

// noteChanges says which files of a change set change nothing, and which replace a pointer of Git LFS.
func (c *candidate) noteChanges() {
	for _, ch := range c.op.PullRequest.Changes.Changes {
		before := ch.Before
		if before == nil {
			continue
		}
		if *before == (marketops.Before{Mode: ch.Mode, Blob: ch.Blob}) {
			c.find("unchanged", document.Note, fmt.Sprintf("%q is on branch %s as it is here: it changes nothing", ch.Path, c.pub.Base))
		}
		if isPointer(c.objects[before.Blob]) && !isPointer(c.objects[ch.Blob]) {
			c.find("lfs-pointer", document.Warning, fmt.Sprintf("%q is in Git LFS on branch %s: the change would put the file itself in the place of its pointer", ch.Path, c.pub.Base))
		}
	}
}
