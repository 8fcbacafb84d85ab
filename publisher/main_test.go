package publisher_test

import (
	"os"
	"testing"

	"github.com/omega/marketops/internal/test/testmain"
)

func TestMain(m *testing.M) { os.Exit(testmain.Run(m)) }
