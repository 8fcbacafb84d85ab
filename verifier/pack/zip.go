package pack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// The fixed values of the zip headers (APPNOTE.TXT 6.3.10 §4.3.7, §4.3.12, §4.3.16).
const (
	sigLocal   = 0x04034b50
	sigCentral = 0x02014b50
	sigEnd     = 0x06054b50

	needs    = 10        // version 1.0: stored files
	madeBy   = 3<<8 | 20 // Unix
	date     = 1<<5 | 1  // 1980-01-01, the earliest that the format has
	attrs    = 0o100644 << 16
	sizeHead = 30
)

// member is one file of the archive.
type member struct {
	name string
	data []byte
	crc  uint32
}

func newMember(name string, data []byte) member {
	return member{name, data, crc32.ChecksumIEEE(data)}
}

// common appends the part that local and central headers share.
func (m member) common(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, needs)
	b = le.AppendUint16(b, 0) // flags
	b = le.AppendUint16(b, 0) // stored
	b = le.AppendUint16(b, 0) // time
	b = le.AppendUint16(b, date)
	b = le.AppendUint32(b, m.crc)
	b = le.AppendUint32(b, uint32(len(m.data)))
	b = le.AppendUint32(b, uint32(len(m.data)))
	b = le.AppendUint16(b, uint16(len(m.name)))
	return le.AppendUint16(b, 0) // extra
}

func (m member) local() []byte {
	b := m.common(binary.LittleEndian.AppendUint32(nil, sigLocal))
	return append(b, m.name...)
}

func (m member) central(offset uint32) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, sigCentral)
	b = m.common(le.AppendUint16(b, madeBy))
	b = append(b, 0, 0, 0, 0, 0, 0) // comment, disk, internal attributes
	b = le.AppendUint32(b, attrs)
	b = le.AppendUint32(b, offset)
	return append(b, m.name...)
}

// tail returns the central directory and the end record of an archive.
func tail(files []member) []byte {
	var dir []byte
	var offset uint32
	for _, m := range files {
		dir = append(dir, m.central(offset)...)
		offset += uint32(sizeHead + len(m.name) + len(m.data))
	}
	le, size := binary.LittleEndian, len(dir)
	b := le.AppendUint32(dir, sigEnd)
	b = append(b, 0, 0, 0, 0) // disks
	b = le.AppendUint16(b, uint16(len(files)))
	b = le.AppendUint16(b, uint16(len(files)))
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, offset)
	return append(b, 0, 0) // comment
}

// writeZip writes members that are in name order and within the limits.
func writeZip(w io.Writer, files []member) error {
	for _, m := range files {
		if _, err := w.Write(m.local()); err != nil {
			return err
		}
		if _, err := w.Write(m.data); err != nil {
			return err
		}
	}
	_, err := w.Write(tail(files))
	return err
}

// readZip reads what writeZip writes and nothing else. Every header is compared with the one
// that its content would be written with; no more than size bytes are ever held.
func readZip(r io.ReaderAt, size int64) ([]member, error) {
	if size <= 0 || size > MaxPack {
		return nil, fmt.Errorf("%d bytes, want 1 to %d", size, int64(MaxPack))
	}
	in := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 8<<10)
	var files []member
	var at int64
	for {
		m, next, err := readMember(in, at, size)
		if err != nil {
			return nil, err
		}
		if next == at {
			break
		}
		if len(files) > 0 && files[len(files)-1].name >= m.name {
			return nil, fmt.Errorf("%.80q is twice there or out of order", m.name)
		}
		if files = append(files, m); len(files) > MaxFiles {
			return nil, fmt.Errorf("more than %d files", MaxFiles)
		}
		at = next
	}
	want := tail(files)
	if int64(len(want)) != size-at {
		return nil, errors.New("the directory has another length than its files demand")
	}
	got := make([]byte, len(want))
	if err := readFull(in, got); err != nil {
		return nil, err
	}
	if !bytes.Equal(got, want) {
		return nil, errors.New("the directory is not the one of the files")
	}
	return files, nil
}

// readMember reads the file whose local header comes next, at an offset; next is that offset where
// the directory begins instead.
func readMember(r *bufio.Reader, at, size int64) (m member, next int64, err error) {
	sig, err := r.Peek(4)
	if err != nil {
		return m, 0, classify(err)
	}
	if sig := binary.LittleEndian.Uint32(sig); sig == sigCentral || sig == sigEnd {
		return m, at, nil
	}
	var head [sizeHead]byte
	if err := readFull(r, head[:]); err != nil {
		return m, 0, err
	}
	length, named := int64(binary.LittleEndian.Uint32(head[18:])), int64(binary.LittleEndian.Uint16(head[26:]))
	if named > maxName || length > size || at+sizeHead+named+length > size {
		return m, 0, fmt.Errorf("a file at byte %d does not fit", at)
	}
	body := make([]byte, named+length)
	if err := readFull(r, body); err != nil {
		return m, 0, err
	}
	m = newMember(string(body[:named]), body[named:])
	if max := limit(m.name); max < 0 || length > max {
		return m, 0, fmt.Errorf("%.80q has no place in a pack, or is too large", m.name)
	}
	if want := m.local(); !bytes.Equal(want[:sizeHead], head[:]) {
		return m, 0, fmt.Errorf("the header of %.80q is not the one of its content", m.name)
	}
	return m, at + sizeHead + named + length, nil
}

func readFull(r io.Reader, b []byte) error {
	if _, err := io.ReadFull(r, b); err != nil {
		return classify(err)
	}
	return nil
}

// classify tells a pack that ends too early from trouble of its reader.
func classify(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	return &readError{err}
}

// readError is trouble of the reader, which says nothing about the pack.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }
