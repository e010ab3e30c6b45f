// Command registry is the registry of the Distribution project with the filesystem as its only storage: the drivers for
// the storage of three clouds would compile their libraries. Distribution's own program is a list of imports, too.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if registry.RootCmd.Execute() != nil {
		os.Exit(1)
	}
}
