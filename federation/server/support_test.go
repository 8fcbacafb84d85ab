package server_test

import (
	"os"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/testmain"
	"github.com/omega/marketops/internal/test/world"
)

func TestMain(m *testing.M) { os.Exit(testmain.Run(m)) }

func must(t testing.TB, err error) { t.Helper(); world.Must(t, err) }

func got[T any](v T, err error) func(testing.TB) T { return world.Got(v, err) }

func wantCode(t testing.TB, err error, code marketops.Code) { t.Helper(); world.WantCode(t, err, code) }
