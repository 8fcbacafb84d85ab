package cli

import "os"

// IgnoreCertificates takes SSL_CERT_FILE and SSL_CERT_DIR out of the environment and says which of
// them were set. Go's own TLS reads them on Linux, once: whoever sets them would choose who is
// believed to be GitHub. It must be called before anything connects.
func IgnoreCertificates() (set []string) {
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if os.Getenv(name) != "" {
			set = append(set, name)
			os.Unsetenv(name)
		}
	}
	return set
}
