package textfile

import (
	"errors"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for text, says := range map[string]string{
		"one\r\ntwo\r\n": "CRLF line ends, first on line 1", "one\ntwo\rthree": "CR line ends, first on line 2", "a\r": "CR line ends",
		"\xef\xbb\xbfone": "byte-order mark", "\xff\xfeo\x00": "UTF-16", "\xfe\xff\x00o": "UTF-16", "\xff\xfe\x00\x00o\x00\x00\x00": "UTF-32", "\x00\x00\xfe\xff": "UTF-32",
		"o\x00n\x00e\x00": "UTF-16", "\x00o\x00n\x00e": "UTF-16", "one\r\ntw\xf6": "byte 0xf6 on line 2", "\x80": "byte 0x80 on line 1",
		"": "", "one\ntwo\n": "", "größer": "", "a\ufeffb": "", "a\x00\x00": "", "\ufffd": "",
	} {
		err := Check([]byte(text))
		var e *Error
		if (err == nil) != (says == "") || err != nil && (!errors.As(err, &e) || !strings.Contains(err.Error(), says) || !strings.HasSuffix(err.Error(), Advice)) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := CheckEncoding([]byte("one\r\n")); err != nil {
		t.Error(err)
	}
}
