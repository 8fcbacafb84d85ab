package foreign

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

func envelope(predicate string) string {
	payload := base64.StdEncoding.EncodeToString([]byte(`{"_type":"https://in-toto.io/Statement/v1","predicateType":"` + predicate + `"}`))
	return `{"payloadType":"application/vnd.in-toto+json","payload":"` + payload + `","signatures":[{"sig":"AA=="}]}`
}

const otherCheckpoint = "rekor.sigstore.dev - 1193050959916656506\n42\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— rekor.sigstore.dev wNI9ajBFAiEA\n"

func TestNames(t *testing.T) {
	bundle := func(inner string) string {
		return `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{},` + inner + `}`
	}
	for data, says := range map[string]string{
		"":                                    "an empty file",
		"\x1f\x8b\x08\x00":                    "a gzip archive",
		"PK\x03\x04\x14\x00":                  "a zip archive",
		strings.Repeat("\x00", 257) + "ustar": "a tar archive",
		"\x7fELF\x02":                         "a program (ELF)",
		"<!DOCTYPE html>\n<title>Page not found &middot; GitHub</title>": "a web page, as a download that failed leaves it (Page not found",
		"<html></html>": "a web page",
		"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>":                                    "XML",
		`{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}`:                         "GitHub's answer to a download that failed (Not Found)",
		bundle(`"dsseEnvelope":` + envelope("https://slsa.dev/provenance/v1")):                               "a Sigstore bundle about how something was built (https://slsa.dev/provenance/v1), as GitHub's attestations are",
		bundle(`"messageSignature":{"signature":"AA=="}`):                                                    "a Sigstore bundle with the signature of a file, as cosign sign-blob makes it",
		bundle(`"dsseEnvelope":` + envelope(ours+"receipt/v1")):                                              "with a record of marketops",
		bundle(`"dsseEnvelope":`+envelope("https://slsa.dev/provenance/v1")) + "\n" + bundle(`"x":1`) + "\n": "several lines of JSON",
		`{"base64Signature":"AA==","cert":"","rekorBundle":{}}`:                                              "a bundle in cosign's old format",
		envelope("https://spdx.dev/Document"):                                                                "a bare DSSE envelope with a statement of another kind (https://spdx.dev/Document)",
		`{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1"}`:       "an in-toto statement (https://slsa.dev/provenance/v1) without a signature",
		`{"critical":{},"optional":null}`:                                                                    "the payload of a cosign signature",
		`{"signed":{},"signatures":[]}`:                                                                      "metadata of TUF",
		`{"bomFormat":"CycloneDX"}`:                                                                          "a list of components",
		`{"schema":"marketops.plan/v2"}`:                                                                     "a file of marketops (marketops.plan/v2)",
		`{"mediaType":"application/vnd.oci.image.manifest.v1+json"}`:                                         "JSON of another tool (application/vnd.oci",
		`{"a":1}`: "JSON of another tool", `[1]`: "JSON of another tool", `{"a":`: "JSON that is broken or cut off",
		"-----BEGIN CERTIFICATE-----\n": "a certificate", "-----BEGIN PUBLIC KEY-----\n": "a public key (PUBLIC KEY)", "-----BEGIN ENCRYPTED PRIVATE KEY-----": "a private key (ENCRYPTED PRIVATE KEY)", "-----BEGIN AGE ENCRYPTED FILE-----\n": "a file that age encrypted", "-----BEGIN PGP SIGNATURE-----\n": "a signature (PGP SIGNATURE)",
		"ssh-ed25519 AAAA alice": "an OpenSSH public key", "age-encryption.org/v1\n": "a file that age encrypted", "untrusted comment: x": "a minisign or signify key or signature",
		otherCheckpoint: "a checkpoint of the log rekor.sigstore.dev - 1193050959916656506, size 42",
		base64.StdEncoding.EncodeToString([]byte("\x30\x45" + strings.Repeat("x", 69))): "a bare signature in base64",
		"version https://git-lfs.github.com/spec/v1\noid sha256:0\n":                    "a pointer of Git LFS", "\xff\xfe{\x00}\x00": "it is UTF-16", "\xef\xbb\xbf{}": "a byte-order mark",
		"hello": "", "\x01\x02\x03": "",
	} {
		if got := Name([]byte(data)); !strings.HasPrefix(got, says) && !strings.Contains(got, says) || (says == "") != (got == "") {
			t.Errorf("%.80q: %q, want %q", data, got, says)
		}
	}
}

func TestTrustFile(t *testing.T) {
	broken := marketops.RefuseErr(marketops.TrustMissing, "not usable", errors.New("version 0"))
	err := TrustFile("t.json", []byte(`{"schema":"marketops.trust/v2"}`), broken)
	if !errors.Is(err, marketops.TrustMissing) || !strings.Contains(err.Error(), "t.json: version 0") {
		t.Error(err)
	}
	if err := TrustFile("c.pem", []byte("-----BEGIN CERTIFICATE-----\n"), broken); !strings.Contains(err.Error(), "c.pem is a certificate; wanted is a trust file") {
		t.Error(err)
	}
}

func FuzzName(f *testing.F) {
	f.Add([]byte(otherCheckpoint))
	f.Add([]byte(envelope("x")))
	f.Add([]byte("<html><title>\x1b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := Name(data); strings.ContainsAny(got, "\x1b\u202e\n") || len(got) > 2000 {
			t.Errorf("%q", got)
		}
	})
}
