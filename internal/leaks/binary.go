package leaks

import (
	"bytes"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"strings"
)

// magic are the first bytes of files that hold private keys.
var magic = []struct{ what, begin string }{
	{"a Java keystore", "\xfe\xed\xfe\xed\x00\x00\x00"},
	{"a Java keystore", "\xce\xce\xce\xce\x00\x00\x00"},
	{"an OpenSSH private key", "openssh-key-v1\x00"},
	{"an SSH 1 private key", "SSH PRIVATE KEY FILE FORMAT 1.1\n"},
	{"a PVK private key", "\x1e\xf1\xb5\xb0\x00\x00\x00\x00"},
	{"a Tor secret key", "== ed25519v1-secret: "},
	{"a macOS keychain", "kych\x00\x01\x00\x00"},
}

// binaryKey recognises a file that is a key as a whole.
func binaryKey(data []byte) string {
	for _, m := range magic {
		if bytes.HasPrefix(data, []byte(m.begin)) {
			return m.what
		}
	}
	switch {
	case isBKS(data):
		return "a Bouncy Castle keystore"
	case isPKCS12(data):
		return "a PKCS #12 store, which may hold a private key"
	case isSecretPacket(data):
		return "an OpenPGP secret key"
	case isDER(data):
		return "a private key in DER"
	}
	return ""
}

// isBKS: version, a salt of 20 bytes, and a plausible count of iterations.
func isBKS(data []byte) bool {
	if len(data) < 32 {
		return false
	}
	version, salt, count := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[28:])
	return (version == 1 || version == 2) && salt == 20 && count >= 1000 && count < 100_000
}

// isPKCS12 reads the beginning alone, because many are BER with lengths that are left open: version 3, then PKCS #7 data or
// signed data.
func isPKCS12(data []byte) bool {
	rest, ok := inSequence(data)
	if rest, ok = cut(rest, ok, "\x02\x01\x03"); !ok {
		return false
	}
	rest, ok = inSequence(rest)
	rest, ok = cut(rest, ok, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07")
	return ok && len(rest) > 0 && (rest[0] == 1 || rest[0] == 2)
}

func cut(data []byte, ok bool, begin string) ([]byte, bool) {
	rest, found := bytes.CutPrefix(data, []byte(begin))
	return rest, ok && found
}

// inSequence skips the header of a sequence and believes no length.
func inSequence(data []byte) ([]byte, bool) {
	if len(data) < 2 || data[0] != 0x30 {
		return nil, false
	}
	long := 0
	if data[1] > 0x80 {
		long = int(data[1] & 0x7f)
	}
	if long > 4 || len(data) < 2+long {
		return nil, false
	}
	return data[2+long:], true
}

// isDER reports whether a file is a private key in DER. Members that may follow are not looked at.
func isDER(data []byte) bool {
	type algorithm struct {
		OID  asn1.ObjectIdentifier
		Rest asn1.RawValue `asn1:"optional"`
	}
	var pkcs8 struct {
		Version int
		Kind    algorithm
		Key     []byte
	}
	var encrypted struct {
		Kind algorithm
		Key  []byte
	}
	var sec1 struct {
		Version int
		Key     []byte
	}
	var numbers struct { // RSA and DSA: a version and at least five numbers
		Version       int
		A, B, C, D, E *big.Int
	}
	switch {
	case whole(data, &pkcs8):
		return pkcs8.Version <= 1
	case whole(data, &encrypted):
		id := encrypted.Kind.OID.String() + "."
		return strings.HasPrefix(id, "1.2.840.113549.1.5.") || strings.HasPrefix(id, "1.2.840.113549.1.12.1.")
	case whole(data, &sec1):
		return sec1.Version == 1 && len(sec1.Key) >= 16 && len(sec1.Key) <= 66
	case whole(data, &numbers):
		return numbers.Version >= 0 && numbers.Version <= 1 && numbers.A.BitLen() >= 512
	}
	return false
}

func whole(data []byte, into any) bool {
	rest, err := asn1.Unmarshal(data, into)
	return err == nil && len(bytes.TrimSpace(rest)) == 0
}

// isSecretPacket reports whether a file begins with an OpenPGP packet of a secret key or subkey (RFC 9580, 5.5).
func isSecretPacket(data []byte) bool {
	if len(data) < 12 {
		return false
	}
	tag, skip := data[0]>>2&0x0f, 1+1<<(data[0]&3) // with a length of 1, 2 or 4 bytes
	if data[0]&0xc0 == 0xc0 {
		tag = data[0] & 0x3f
		switch length := data[1]; {
		case length == 255:
			skip = 6
		case length >= 192 && length < 224:
			skip = 3
		default:
			skip = 2
		}
	} else if data[0]&0x83 == 0x83 || data[0]&0x80 == 0 {
		return false // no packet, or one of open length
	}
	if tag != 5 && tag != 7 {
		return false
	}
	version, kind := data[skip], data[min(len(data)-1, skip+5)]
	return version >= 3 && version <= 6 && (kind >= 1 && kind <= 3 || kind >= 16 && kind <= 28)
}
