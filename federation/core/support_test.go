package core_test

import (
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/world"
)

func must(t testing.TB, err error) { t.Helper(); world.Must(t, err) }

func got[T any](v T, err error) func(testing.TB) T { return world.Got(v, err) }

func wantCode(t testing.TB, err error, code marketops.Code) { t.Helper(); world.WantCode(t, err, code) }

func errOf[T any](_ T, err error) error { return err }
