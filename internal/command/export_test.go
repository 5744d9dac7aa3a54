package command

// ShownTo is String for a process of user uid: which prefix a command gets
// depends on who asks, and a test has only one user.
func (c Command) ShownTo(uid int) string { return c.shown(uid) }

// AllowedTo is what Start asks before it changes the user.
func (c Command) AllowedTo(uid int) error { return c.allowed(uid) }
