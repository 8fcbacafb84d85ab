// Package signer loads and writes private keys, and signs with them through sigstore's
// Ed25519 signer. It is the one package that names sigstore and OpenSSH's key format.
//
// A key is named by a file path or by env://NAME, whose value is the text of such a file:
//
//	PRIVATE KEY                     PKCS#8 (RFC 8410), for daemons
//	ENCRYPTED SIGSTORE PRIVATE KEY  scrypt and secretbox, for people; cosign reads it
//	ENCRYPTED COSIGN PRIVATE KEY    the same, as older cosign wrote it
//	ENCRYPTED PRIVATE KEY           PKCS#8 with PBES2 (RFC 8018): PBKDF2 or scrypt, AES-CBC
//	OPENSSH PRIVATE KEY             plain or with a passphrase
//
// The file holds that one PEM block and nothing else, has at most [MaxFile] bytes, is regular,
// and its mode lets neither group nor others in (not asked on Windows). Only Ed25519 is accepted. The costs that a
// file may demand of a passphrase's derivation are bounded by the constants below and by the libraries.
//
// Key service addresses (awskms://, hashivault:// and the like) would let whoever writes the
// reference choose a program to run or a host to call. They are refused unless their scheme is on a
// list that is compiled in, and that list is empty.
//
// Errors carry [github.com/omega/marketops.KeyUnreadable] or
// [github.com/omega/marketops.PassphraseWrong]. They are worded here, not by the parsers below, so that
// no byte of a key file, of a decrypted key or of a passphrase can be in them.
package signer

// Limits.
const (
	MaxFile       = 64 << 10   // bytes of one key file
	maxIterations = 10_000_000 // of PBKDF2: a few seconds
	maxScryptMem  = 256 << 20  // bytes: 128·N·r
	maxScryptPar  = 16
)
