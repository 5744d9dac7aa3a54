package source

// KindOfImage is the kind of source that dumps what a container of that image
// keeps, "" when the image is not known as a server's.
func KindOfImage(image string) string {
	for _, s := range servers() {
		if s.kind != "" && s.hasImage(image) {
			return s.kind
		}
	}
	return ""
}
