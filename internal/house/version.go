package house

import "runtime/debug"

// version is set by the linker when release:binary builds the program. A linker
// can set nothing but a package's variable; no code writes to it.
var version string

// Version is what this program calls itself: the release it was built as, the
// revision that Go noted in it, or "dev".
func Version() string {
	if version != "" {
		return version
	}
	if built, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range built.Settings {
			if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
				return setting.Value[:12]
			}
		}
	}
	return "dev"
}
