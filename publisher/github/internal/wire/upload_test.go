package wire

import (
	"bytes"
	"io"
	"testing"

	"github.com/omega/marketops"
)

func TestUploadReader(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 1000)
	a := marketops.Asset{Name: "x", Size: int64(len(data)), SHA256: marketops.DigestOf(data), ContentType: "text/plain"}
	u := NewUpload(bytes.NewReader(data), a)
	if got, err := io.ReadAll(u); err != nil || !bytes.Equal(got, data) || u.sum() != a.SHA256 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got, err := io.ReadAll(u.restart()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("afresh: %d bytes, %v", len(got), err)
	}
	for name, bad := range map[string][]byte{
		"changed": append(bytes.Clone(data[:9999]), 'x'), "short": data[:9999], "empty": nil,
	} {
		u := NewUpload(bytes.NewReader(bad), a)
		got, err := io.ReadAll(u)
		if marketops.CodeOf(err) != marketops.ContentMismatch || len(got) >= len(data) || u.Err() == nil {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}
