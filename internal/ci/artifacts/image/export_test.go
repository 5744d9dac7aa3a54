package image

import "time"

// Owner is the label of this process.
func Owner(now time.Time) string { return owner(now) }
