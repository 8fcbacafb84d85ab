package version

import "testing"

// TestChoose: the stamp of the build wins, then the module's version.
func TestChoose(t *testing.T) {
	for _, c := range []struct{ stamp, module, want string }{
		{"v1.2.3-4-gabcdef", "v1.2.3", "v1.2.3-4-gabcdef"}, {"", "v1.2.3", "v1.2.3"}, {"", "(devel)", Devel}, {"", "", Devel},
	} {
		if got := choose(c.stamp, c.module); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if String() == "" {
		t.Error("no version")
	}
}
